//! Okta's people against LINE WORKS' members and the ledger's rows. Pure: it reads pictures and changes nothing.
//!
//! Everybody is looked for as the service itself does: by the remembered member id, then by external key, then, among
//! the members nobody else has a claim to, by e-mail. Lists lag behind and people change meanwhile, so a finding is a
//! reason to look and never the last word: whatever is applied is read again first.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::books::{Books, id_of_name};
use super::finding::{Finding, Kind, Note, Summary};
use crate::domain::assignment::{Assignment, Membership, OktaStatus};
use crate::domain::domains::Domains;
use crate::domain::event::ProfileWish;
use crate::domain::ids::{MemberId, OktaUserId};
use crate::domain::key::KeyTemplate;
use crate::domain::member::{Condition, Member};
use crate::domain::policy::Policy;
use crate::domain::profile::Profile;

/// Somebody who has the app, as Okta or an export shows them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Okta's id; an export may lack it.
    pub id: Option<OktaUserId>,
    /// The user name in the app, in lower case.
    pub login: Option<String>,
    /// The wished attributes, cut to what the backend can carry.
    pub wish: Option<ProfileWish>,
    /// The status in Okta.
    pub status: OktaStatus,
}

/// What is right, as the configuration has it.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The external key of a member of ours.
    pub key: KeyTemplate,
    /// The administrator's decisions.
    pub policy: Policy,
    /// The domains members live in.
    pub domains: Domains,
    /// Whether the LINE WORKS domain signs in through an identity provider.
    pub sso: bool,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Picture {
    /// Everybody with the app.
    pub people: Vec<Person>,
    /// Everybody the ledger knows.
    pub rows: Vec<Assignment>,
    /// Everybody LINE WORKS shows.
    pub members: Vec<Member>,
}

/// Compares; findings come by kind, then by login.
pub fn compare(picture: &Picture, judgement: &Judgement) -> (Vec<Finding>, Summary) {
    let books = Books::new(picture);
    let mut comparison = Comparison { books, judgement, taken: HashMap::new(), findings: Vec::new(), same: 0 };
    comparison.people(&picture.people);
    let with_app: HashSet<&OktaUserId> =
        picture.people.iter().filter_map(|person| comparison.books.id_of(person)).collect();
    let some_lack_ids = comparison.findings.iter().any(|finding| finding.kind == Kind::NeedsId);
    comparison.others(picture, &with_app, some_lack_ids);
    let Comparison { mut findings, same, .. } = comparison;
    findings.sort_by(|a, b| (a.kind, &a.login, &a.member_id).cmp(&(b.kind, &b.login, &b.member_id)));
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &findings {
        *found.entry(finding.kind.as_str().to_owned()).or_default() += 1;
    }
    let (people, members, rows) = (picture.people.len(), picture.members.len(), picture.rows.len());
    (findings, Summary { people, members, rows, same, found })
}

struct Comparison<'a> {
    books: Books<'a>,
    judgement: &'a Judgement,
    /// Whose each member is that somebody has a claim to.
    taken: HashMap<&'a MemberId, Option<&'a OktaUserId>>,
    findings: Vec<Finding>,
    same: usize,
}

impl<'a> Comparison<'a> {
    fn people(&mut self, people: &'a [Person]) {
        let mut later = Vec::new();
        for person in people {
            let id = self.books.id_of(person);
            let row = id.and_then(|id| self.books.rows.get(id).copied());
            match self.by_id_or_key(person, id, row) {
                Some(member) => {
                    self.taken.insert(&member.id, id);
                    self.judge(person, id, row, Some(member));
                }
                None => later.push((person, id, row)),
            }
        }
        for (person, id, row) in later {
            let email = profile(person, row).map(|it| it.email().as_str()).or(person.login.as_deref());
            let member = email.and_then(|email| self.books.with_email.get(email).copied());
            let member = member.filter(|member| !self.taken.contains_key(&member.id));
            if let Some(member) = member {
                self.taken.insert(&member.id, id);
            }
            self.judge(person, id, row, member);
        }
    }

    fn by_id_or_key(&self, person: &Person, id: Option<&OktaUserId>, row: Option<&Assignment>) -> Option<&'a Member> {
        let books = &self.books;
        let remembered = row.and_then(|row| row.member_id.as_ref()).and_then(|id| books.members.get(id).copied());
        let wanted = id.and_then(|id| self.judgement.key.key_for(id, profile(person, row)).ok());
        let wanted = || wanted.as_ref().and_then(|key| books.with_key.get(key.as_str()).copied());
        let former = || row.and_then(|row| row.external_key.as_ref());
        let former = || former().and_then(|key| books.with_key.get(key.as_str()).copied());
        remembered.or_else(wanted).or_else(former).filter(|member| !self.taken.contains_key(&member.id))
    }

    fn judge(&mut self, person: &Person, id: Option<&OktaUserId>, row: Option<&Assignment>, member: Option<&Member>) {
        let mut finding = found(Kind::Different, id, row, member);
        let wish = profile(person, row);
        finding.login =
            wish.map(|it| it.email().as_str().to_owned()).or_else(|| person.login.clone()).or(finding.login);
        let kind = if id.is_none() {
            Some(Kind::NeedsId)
        } else if person.status == OktaStatus::Deactivated {
            finding.notes.push(Note::DeactivatedInOkta);
            self.of_deactivated(row, member, &mut finding.notes)
        } else if let Some(ProfileWish::Refused { fields, .. }) = refused(person, row) {
            finding.errors = fields.clone();
            Some(Kind::Refused)
        } else {
            self.of_assigned(person, id, row, member, &mut finding)
        };
        match kind {
            Some(kind) => self.findings.push(Finding { kind, ..finding }),
            None => self.same += 1,
        }
    }

    /// A deactivated person is as good as unassigned.
    fn of_deactivated(&self, row: Option<&Assignment>, member: Option<&Member>, notes: &mut Vec<Note>) -> Option<Kind> {
        let member = member?;
        let in_use = !matches!(self.condition(row, member), Condition::Suspended | Condition::Deleted);
        self.note_untouchable(row, Some(member), notes);
        in_use.then_some(Kind::Extra)
    }

    fn of_assigned(
        &self,
        person: &Person,
        id: Option<&OktaUserId>,
        row: Option<&Assignment>,
        member: Option<&Member>,
        finding: &mut Finding,
    ) -> Option<Kind> {
        if row.is_none() {
            finding.notes.push(Note::NotInLedger);
        }
        let unassigned = row.and_then(|row| row.facts.membership.as_ref());
        let unassigned = unassigned.is_some_and(|fact| matches!(fact.value, Membership::Unassigned(_)));
        if unassigned {
            finding.notes.push(Note::LedgerSaysUnassigned);
        }
        let Some(member) = member else {
            // Nobody makes a member for somebody who is suspended.
            let wanted = person.status == OktaStatus::Active || unassigned;
            return wanted.then_some(Kind::Missing);
        };
        let condition = self.condition(row, member);
        let by_us = row.is_some_and(|row| row.marks.suspend.is_some());
        match (person.status, condition) {
            (_, Condition::Deleted) => {
                finding.notes.push(Note::Deleted);
                return Some(Kind::Missing);
            }
            (OktaStatus::Active, Condition::Suspended) if by_us => finding.notes.push(Note::SuspendedByUs),
            (OktaStatus::Active, Condition::Suspended) => finding.notes.push(Note::SuspendedByOthers),
            (OktaStatus::Suspended, Condition::Active | Condition::OnLeave) => {
                finding.notes.push(Note::SuspendedInOkta);
            }
            _ => {}
        }
        if let (OktaStatus::Active, Some(wish)) = (person.status, profile(person, row)) {
            finding.fields = self.differing(wish, member);
        }
        let wanted = id.and_then(|id| self.judgement.key.key_for(id, profile(person, row)).ok());
        let key = member.external_key.as_deref().filter(|key| !key.is_empty());
        let Some(key) = key else {
            finding.notes.push(Note::NoKey);
            return Some(Kind::Onboard);
        };
        let remembered = row.and_then(|row| row.external_key.as_ref());
        let ours = [wanted.as_ref(), remembered].into_iter().flatten().any(|ours| ours.as_str() == key);
        if !ours {
            if self.holder(member).is_some_and(|holder| Some(holder) != id) {
                finding.notes.push(Note::AnotherAssignment);
            }
            return Some(Kind::Foreign);
        }
        match row {
            None => Some(Kind::Onboard),
            Some(_) => (!finding.fields.is_empty() || !finding.notes.is_empty()).then_some(Kind::Different),
        }
    }

    /// The properties that would be changed. A place that is wished by its name is the same as the member's place of
    /// that name; whether other names mean anything only LINE WORKS can say, so they count as different.
    fn differing(&self, wish: &Profile, member: &Member) -> Vec<String> {
        let domain_id = self.judgement.domains.of(wish.email()).unwrap_or_default();
        let placed = wish.with_places(domain_id, |place| id_of_name(place, member));
        let policy = &self.judgement.policy;
        let difference = placed.difference(&member.attributes, domain_id).keeping(|name| policy.manages(name));
        difference.fields().into_iter().map(str::to_owned).collect()
    }

    /// Members nobody with the app has, and rows of people without the app that have no member.
    fn others(&mut self, picture: &'a Picture, with_app: &HashSet<&OktaUserId>, some_lack_ids: bool) {
        let mut seen: HashSet<OktaUserId> = HashSet::new();
        for member in picture.members.iter().filter(|member| !self.taken.contains_key(&member.id)) {
            let holder = self.holder(member).cloned().or_else(|| {
                let key = member.external_key.as_deref()?;
                self.judgement.key.person_of(key)
            });
            let Some(holder) = holder else {
                let mut finding = found(Kind::Unmanaged, None, None, Some(member));
                self.note_untouchable(None, Some(member), &mut finding.notes);
                self.findings.push(finding);
                continue;
            };
            let row = self.books.rows.get(&holder).copied();
            let mut finding = found(Kind::Extra, Some(&holder), row, Some(member));
            if with_app.contains(&holder) {
                finding.kind = Kind::Foreign;
                finding.notes.push(Note::SecondMember);
            } else {
                self.without_app(row, Some(member), some_lack_ids, &mut finding);
            }
            seen.insert(holder);
            self.findings.push(finding);
        }
        for row in picture.rows.iter().filter(|row| !with_app.contains(&row.person) && !seen.contains(&row.person)) {
            let mut finding = found(Kind::Extra, Some(&row.person), Some(row), None);
            self.without_app(Some(row), None, some_lack_ids, &mut finding);
            // Who has neither the app nor a member is as wished, once the ledger knows it.
            if finding.kind == Kind::Extra {
                self.findings.push(finding);
            }
        }
    }

    fn without_app(
        &self,
        row: Option<&Assignment>,
        member: Option<&Member>,
        some_lack_ids: bool,
        finding: &mut Finding,
    ) {
        match row.map(|row| row.facts.membership.as_ref().map(|fact| fact.value)) {
            None => finding.notes.push(Note::NotInLedger),
            Some(Some(Membership::Unassigned(_))) => finding.kind = Kind::Leaving,
            Some(_) => {}
        }
        if some_lack_ids && finding.kind == Kind::Extra {
            finding.notes.push(Note::MayBeWithoutId);
        }
        self.note_untouchable(row, member, &mut finding.notes);
    }

    fn note_untouchable(&self, row: Option<&Assignment>, member: Option<&Member>, notes: &mut Vec<Note>) {
        if member.is_some_and(|member| member.is_administrator) {
            notes.push(Note::Administrator);
        }
        let names = [
            row.map(|row| row.person.as_str()),
            member.map(|member| member.id.as_str()),
            member.map(|member| member.email.as_str()),
        ];
        let is_protected =
            |name: &str| self.judgement.policy.protected.iter().any(|entry| entry.eq_ignore_ascii_case(name));
        if names.into_iter().flatten().any(is_protected) {
            notes.push(Note::Protected);
        }
    }

    /// The assignment a member belongs to, as far as the ledger knows.
    fn holder(&self, member: &Member) -> Option<&'a OktaUserId> {
        let by_key = member.external_key.as_deref().and_then(|key| self.books.by_key.get(key));
        by_key.or_else(|| self.books.by_member.get(&member.id)).map(|row| &row.person)
    }

    fn condition(&self, row: Option<&Assignment>, member: &Member) -> Condition {
        let by_us = row.is_some_and(|row| row.marks.suspend.is_some());
        member.condition.resolved(self.judgement.sso, by_us)
    }
}

fn found(kind: Kind, id: Option<&OktaUserId>, row: Option<&Assignment>, member: Option<&Member>) -> Finding {
    let login = member.map(|member| member.email.clone());
    let of_row = || row.and_then(|row| row.facts.usable_profile()).map(|it| it.email().as_str().to_owned());
    Finding {
        kind,
        okta_user_id: id.cloned(),
        login: login.or_else(of_row),
        member_id: member.map(|member| member.id.clone()),
        external_key: member.and_then(|member| member.external_key.clone()),
        fields: Vec::new(),
        notes: Vec::new(),
        state: row.map(|row| row.state.name()),
        cause: row.and_then(|row| row.state.reason()).map(|reason| reason.cause.code().to_owned()),
        errors: Vec::new(),
    }
}

/// The wish that counts: what a list without attributes makes of somebody stands below what the ledger has.
fn wish<'a>(person: &'a Person, row: Option<&'a Assignment>) -> Option<&'a ProfileWish> {
    let own = person.wish.as_ref();
    let known = row.and_then(|row| row.facts.wished());
    match (own, known) {
        (Some(own), Some(known)) if known.weight() > own.weight() => Some(known),
        (own, known) => own.or(known),
    }
}

fn profile<'a>(person: &'a Person, row: Option<&'a Assignment>) -> Option<&'a Profile> {
    wish(person, row).and_then(ProfileWish::valid)
}

fn refused<'a>(person: &'a Person, row: Option<&'a Assignment>) -> Option<&'a ProfileWish> {
    wish(person, row).filter(|wish| wish.valid().is_none())
}
