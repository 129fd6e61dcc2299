//! The part of a profile that the SCIM API of LINE WORKS can carry (LINE WORKS docs, scim-mapping).
//!
//! The names stay those of the Directory API; how SCIM spells them is the backend's part.

use serde_json::Value;

use super::Profile;

/// The properties SCIM has an attribute for.
const WITHIN: [&str; 10] = [
    "email",
    "userName",
    "nickName",
    "locale",
    "timeZone",
    "privateEmail",
    "aliasEmails",
    "telephone",
    "cellPhone",
    "messenger",
];
/// The parts of `userName` it has none for.
const PHONETIC: [&str; 2] = ["phoneticLastName", "phoneticFirstName"];

/// Whether SCIM can carry a property; of `userName` it carries all but the phonetic parts.
pub fn is_within_scim(property: &str) -> bool {
    WITHIN.contains(&property)
}

impl Profile {
    /// The profile as far as SCIM reaches, and the names of what it leaves out. A value that nobody wished for (null) is
    /// left out without a word.
    pub fn within_scim(&self) -> (Self, Vec<String>) {
        let mut reduced = self.clone();
        let mut beyond = Vec::new();
        reduced.properties.retain(|name, value| {
            // Groups are no attribute of a user in SCIM, but it has them.
            let within = is_within_scim(name) || name == "groups";
            if !within && !value.is_null() {
                beyond.push(name.clone());
            }
            within
        });
        if let Some(Value::Object(name)) = reduced.properties.get_mut("userName") {
            for part in PHONETIC {
                beyond.extend(name.remove(part).filter(|value| !value.is_null()).map(|_| format!("userName.{part}")));
            }
        }
        beyond.sort();
        (reduced, beyond)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ProfileRules;
    use super::*;

    fn profile(user: Value) -> Profile {
        Profile::parse(&user, &ProfileRules::OPEN).expect("a good user object")
    }

    #[test]
    fn what_scim_cannot_carry_is_left_out_and_named() {
        let whole = profile(json!({
            "email": "hanako@umi.example", "employeeNumber": "7", "task": "漁", "nickName": "はな", "locale": "ja_JP",
            "userName": {"lastName": "海野", "firstName": "花子", "phoneticLastName": "ウミノ"},
            "organizations": [{"orgUnits": [{"orgUnitId": "a"}]}], "userTypeId": "t", "hiredDate": null,
        }));
        let (reduced, beyond) = whole.within_scim();
        let names = ["employeeNumber", "organizations", "task", "userName.phoneticLastName", "userTypeId"];
        assert_eq!(beyond, names, "a null wish is not worth a word");
        let expected = json!({
            "email": "hanako@umi.example", "nickName": "はな", "locale": "ja_JP",
            "userName": {"lastName": "海野", "firstName": "花子"},
        });
        assert_eq!(json!(reduced)["user"], expected);
    }

    #[test]
    fn a_profile_within_reach_stays_as_it_is() {
        let thin = Profile::from_hook("hanako@umi.example", Some("海野 花子"), &ProfileRules::OPEN);
        let thin = thin.expect("a login and a name");
        assert_eq!(thin.within_scim(), (thin, Vec::new()));
    }
}
