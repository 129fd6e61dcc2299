//! The wish for one member's attributes.
//!
//! A `Profile` is made from the `user` object of a card call, or from the little an event hook says, and cannot contain what
//! LINE WORKS would refuse: whoever holds one may send it. It knows three states of a property: absent is not managed and
//! never touched, null is to be cleared, a value is to be set. From a profile come the properties a member is created with
//! and, compared with the member as LINE WORKS has it, the properties to change. It holds personal data, so `Debug` shows
//! names of properties only.

mod custom;
mod differ;
mod email;
mod groups;
mod overlay;
mod path;
mod placement;
mod reader;
mod refusal;
mod scim;
mod text;
mod user;

#[cfg(test)]
mod differ_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod refusals_tests;

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

pub use self::{
    differ::Difference,
    email::LoginEmail,
    path::check_path,
    placement::{NamedPlace, PlaceKind},
    refusal::{FieldCode, FieldError},
    scim::is_within_scim,
};
use self::{reader::Faults, refusal::MISSING_PRIVATE_EMAIL};
use super::domains::Domains;
use super::reference::Reference;

/// What the configuration has to say about every profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRules {
    /// Whether LINE WORKS invites new members by mail: no SSO (`lineworks.sso`) and no password of ours
    /// (`lineworks.password`). Then `privateEmail` is required (LINE WORKS Directory API, user-create).
    pub invited: bool,
    /// The domains a login may be in (`lineworks.domains`).
    pub domains: Domains,
    /// The groups a profile may name (`placement.managed_groups`); none: any, as in what was accepted once.
    pub managed_groups: Option<Vec<String>>,
}

impl ProfileRules {
    /// Nothing is asked for but what LINE WORKS asks for everywhere.
    pub const OPEN: Self = Self { invited: false, domains: Domains::Unasked, managed_groups: None };
}

/// The wish for one member's attributes, all of which LINE WORKS accepts.
#[derive(Clone, PartialEq)]
pub struct Profile {
    email: LoginEmail,
    /// Canonical: texts trimmed, blank ones null, addresses in lower case, nothing unknown. Includes `email`.
    properties: Map<String, Value>,
    thin: bool,
}

impl Profile {
    /// Reads the `user` object of a card call, whose vocabulary is the LINE WORKS Directory API's.
    ///
    /// Texts are trimmed. Blank text is null where a property can be cleared, "not managed" where it cannot, and missing
    /// where it is required. `employeeNumber` may be a JSON integer.
    ///
    /// # Errors
    ///
    /// Every bad field (up to 100), each with its path below `user`, and never with its value.
    pub fn parse(user: &Value, rules: &ProfileRules) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        let properties = user::read(user, &mut faults).unwrap_or_default();
        let private_email_sent = user.get("privateEmail").is_some_and(|sent| !user::is_blank(sent));
        if rules.invited && user.is_object() && !private_email_sent {
            faults.add("user.privateEmail", MISSING_PRIVATE_EMAIL);
        }
        if let Some(managed) = &rules.managed_groups {
            groups::refuse_unmanaged(&properties, managed, &mut faults);
        }
        let email = properties.get("email").and_then(Value::as_str).and_then(|text| LoginEmail::parse(text).ok());
        if let Some(email) = &email {
            email.refuse_outside(&rules.domains, &mut faults);
        }
        match (email, faults.into_errors()) {
            (Some(email), errors) if errors.is_empty() => Ok(Self { email, properties, thin: false }),
            (_, errors) => Err(errors),
        }
    }

    /// Makes the thin profile an event hook allows for: the login address and a name.
    ///
    /// The order of names in Okta's display name is not known, so all of it becomes the last name; without one the local part
    /// of the address does. A thin profile names a member at creation only, see [`Profile::difference`].
    ///
    /// # Errors
    ///
    /// As [`Profile::parse`]; always where members are invited by mail, as a hook carries no private address.
    pub fn from_hook(
        user_name: &str,
        display_name: Option<&str>,
        rules: &ProfileRules,
    ) -> Result<Self, Vec<FieldError>> {
        let display_name = display_name.map(str::trim).filter(|name| !name.is_empty());
        let name = match (display_name, LoginEmail::parse(user_name)) {
            (Some(name), _) => name.to_owned(),
            (None, Ok(email)) => email.local_part().to_owned(),
            (None, Err(refusal)) => return Err(vec![FieldError::new("user.email", &refusal)]),
        };
        Self::thin(&json!({ "email": user_name, "userName": { "lastName": name } }), rules)
    }

    /// A thin profile of a `user` object: for sources that know little more than who somebody is.
    ///
    /// # Errors
    ///
    /// As [`Profile::parse`].
    pub fn thin(user: &Value, rules: &ProfileRules) -> Result<Self, Vec<FieldError>> {
        Self::parse(user, rules).map(|profile| Self { thin: true, ..profile })
    }

    /// Reads what `Serialize` wrote. What the configuration asks for was decided when the profile was accepted.
    ///
    /// # Errors
    ///
    /// As [`Profile::parse`], if the stored value breaks a rule of this version of the program.
    pub fn from_stored(value: &Value) -> Result<Self, Vec<FieldError>> {
        let thin = value.get("thin") == Some(&Value::Bool(true));
        let user = value.get("user").unwrap_or(&Value::Null);
        Self::parse(user, &ProfileRules::OPEN).map(|profile| Self { thin, ..profile })
    }

    /// The address the member signs in with.
    pub fn email(&self) -> &LoginEmail {
        &self.email
    }

    /// The employee number, if the wish gives one.
    pub fn employee_number(&self) -> Option<&str> {
        self.properties.get("employeeNumber").and_then(Value::as_str)
    }

    /// Whether the profile is the little an event hook says.
    pub fn is_thin(&self) -> bool {
        self.thin
    }

    /// Why the login is in no domain of the tenant, if so: the configuration may have changed since it was accepted.
    pub fn outside_of(&self, domains: &Domains) -> Vec<FieldError> {
        let mut faults = Faults::default();
        self.email.refuse_outside(domains, &mut faults);
        faults.into_errors()
    }

    /// The groups the member is to be in, each once; none when the wish does not manage groups.
    pub fn groups(&self) -> Option<Vec<Reference>> {
        groups::wished(&self.properties)
    }

    /// Every place that is named by its name and has to be looked up, each once. `domain_id` is where an organization
    /// is that says no domain.
    pub fn named_places(&self, domain_id: i64) -> Vec<NamedPlace> {
        placement::named(&self.properties, domain_id)
    }

    /// The wish with ids for names; a name that `id_of` has no id for stays.
    #[must_use]
    pub fn with_places(&self, domain_id: i64, id_of: impl Fn(&NamedPlace) -> Option<String>) -> Self {
        Self { properties: placement::with_ids(&self.properties, domain_id, id_of), ..self.clone() }
    }

    /// Last name and first name, in the Japanese order, with a space between.
    pub fn display_name(&self) -> String {
        let part = |part: &str| self.properties["userName"].get(part).and_then(Value::as_str);
        let parts: Vec<&str> = [part("lastName"), part("firstName")].into_iter().flatten().collect();
        parts.join(" ")
    }

    /// The body of LINE WORKS' user-create, but for `userExternalKey` and `passwordConfig`; groups are joined by calls
    /// of their own.
    ///
    /// What is null or empty is left out. Organizations get the configured domain where they name none, and exactly one is
    /// primary. `activationDate` is passed on as it came: LINE WORKS refuses a moment that is past by then.
    pub fn create_properties(&self, domain_id: i64) -> Map<String, Value> {
        let mut body = self.properties.clone();
        body.remove(groups::GROUPS);
        if let Some(Value::Array(wish)) = self.properties.get("organizations") {
            body.insert("organizations".into(), placement::completed(wish, domain_id).into());
        }
        body.insert("domainId".into(), domain_id.into());
        differ::without_empty(&body)
    }

    /// What would have to change for the member, as LINE WORKS returned it, to be as wished.
    ///
    /// Only what the profile carries is compared. `activationDate` counts at creation only, and so does the name of a thin
    /// profile: a display name nobody split must not replace the names somebody entered.
    pub fn difference(&self, actual: &Map<String, Value>, domain_id: i64) -> Difference {
        let at_creation_only = |name: &str| name == "activationDate" || (self.thin && name == "userName");
        let compared = |name: &str| name != groups::GROUPS && !at_creation_only(name);
        let managed = self.properties.iter().filter(|(name, _)| compared(name));
        Difference::between(managed, actual, domain_id)
    }
}

/// As the ledger stores it: `{"user": {…}, "thin": false}`.
impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = serializer.serialize_struct("Profile", 2)?;
        stored.serialize_field("user", &self.properties)?;
        stored.serialize_field("thin", &self.thin)?;
        stored.end()
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("thin", &self.thin)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSO: ProfileRules = ProfileRules::OPEN;

    fn profile(user: Value) -> Profile {
        Profile::parse(&user, &SSO).expect("a good user object")
    }

    #[test]
    fn a_japanese_member_is_read_as_written() {
        let profile = profile(json!({
            "email": " Hanako.Umino@Umi.example ",
            "userName": {
                "lastName": " 海野\u{3000}", "firstName": "𠮷花",
                "phoneticLastName": "ウミノ", "phoneticFirstName": "ヨシカ",
            },
            "employeeNumber": 1024,
            "location": "東京・三田 3F",
        }));
        assert_eq!(profile.email().as_str(), "hanako.umino@umi.example");
        assert_eq!(profile.display_name(), "海野 𠮷花");
        assert_eq!(profile.employee_number(), Some("1024"));
        assert!(!profile.is_thin());
        let body = profile.create_properties(7_000_001);
        assert_eq!(body["userName"]["lastName"], "海野");
        assert_eq!(body["employeeNumber"], "1024");
        assert_eq!(body["domainId"], 7_000_001);
    }

    #[test]
    fn null_clears_what_can_be_cleared_and_is_not_managed_elsewhere() {
        let profile = profile(json!({
            "email": "hanako@umi.example",
            "userName": { "lastName": "海野", "firstName": null },
            "nickName": "", "telephone": " ", "task": null, "aliasEmails": null, "messenger": null,
            "locale": "", "timeZone": null, "searchable": null, "organizations": [], "customProperties": null,
        }));
        let expected = json!({
            "email": "hanako@umi.example",
            "userName": { "lastName": "海野", "firstName": null },
            "nickName": null, "telephone": null, "task": null, "aliasEmails": [], "messenger": null,
        });
        assert_eq!(json!(profile), json!({ "user": expected, "thin": false }));
        let created = json!({ "domainId": 1, "email": "hanako@umi.example", "userName": { "lastName": "海野" } });
        assert_eq!(Value::Object(profile.create_properties(1)), created);
    }

    #[test]
    fn a_created_member_has_one_primary_organization_and_org_unit() {
        let organizations = |sent: Value| {
            let user =
                json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野" }, "organizations": sent });
            profile(user).create_properties(1)["organizations"].clone()
        };
        let units =
            json!([{ "orgUnitId": "externalKey:sales", "positionId": null }, { "orgUnitId": "b", "visible": false }]);
        let first_unit_primary = json!([
            { "orgUnitId": "externalKey:sales", "primary": true },
            { "orgUnitId": "b", "primary": false, "visible": false },
        ]);
        assert_eq!(
            organizations(json!([{ "orgUnits": units }])),
            json!([{ "domainId": 1, "primary": true, "orgUnits": first_unit_primary }])
        );
        assert_eq!(
            organizations(json!([{ "domainId": 1 }, { "domainId": 2, "primary": true }])),
            json!([{ "domainId": 1, "primary": false }, { "domainId": 2, "primary": true }])
        );
    }

    #[test]
    fn a_hook_makes_a_thin_profile_with_the_whole_display_name_as_last_name() {
        let hook = |user_name, display_name| Profile::from_hook(user_name, display_name, &SSO);
        let named = hook("Hanako@umi.example", Some(" 海野 花子 ")).expect("a login and a name");
        assert!(named.is_thin());
        assert_eq!(
            json!(named)["user"],
            json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野 花子" } })
        );
        for nobody in [None, Some(" ")] {
            assert_eq!(hook("hanako.u@umi.example", nobody).expect("a login").display_name(), "hanako.u");
        }
    }

    #[test]
    fn a_hook_without_an_e_mail_login_is_refused_by_field() {
        let fields = |display_name, rules| {
            let errors = Profile::from_hook("hanako", display_name, rules).expect_err("not an address");
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(None, &SSO), ["user.email"]);
        assert_eq!(fields(Some("海|野"), &SSO), ["user.email", "user.userName.lastName"]);
        assert_eq!(
            fields(Some("海野"), &ProfileRules { invited: true, ..ProfileRules::OPEN }),
            ["user.email", "user.privateEmail"]
        );
    }

    #[test]
    fn the_ledger_gives_back_what_was_stored() {
        let thin = Profile::from_hook("hanako@umi.example", Some("海野 花子"), &SSO).expect("a login and a name");
        assert_eq!(Profile::from_stored(&json!(thin)), Ok(thin));
        let broken = Profile::from_stored(&json!({ "user": { "email": "hanako@umi.example" } }));
        assert_eq!(broken.map_err(|errors| errors[0].field.clone()), Err("user.userName".to_owned()));
        assert!(Profile::from_stored(&json!(null)).is_err());
    }

    #[test]
    fn debug_shows_names_of_properties_only() {
        let profile =
            profile(json!({ "email": "hanako@umi.example", "userName": { "lastName": "海野" }, "task": "漁" }));
        let shown = format!("{profile:?} {:?}", profile.difference(&Map::new(), 1));
        assert!(shown.contains("task"));
        assert!(!shown.contains("漁") && !shown.contains("hanako") && !shown.contains("海野"), "{shown}");
    }
}
