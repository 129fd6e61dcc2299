//! Stand-in until the real profile is merged.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    email: String,
    thin: bool,
    last: String,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub code: String,
    pub message: String,
    pub message_ja: String,
}
#[derive(Debug, Clone, Copy)]
pub struct ProfileRules {
    pub sso: bool,
}
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    patch: Map<String, Value>,
}
impl Difference {
    pub fn is_empty(&self) -> bool {
        self.patch.is_empty()
    }
    pub fn fields(&self) -> Vec<String> {
        self.patch.keys().cloned().collect()
    }
    pub fn patch(&self) -> &Map<String, Value> {
        &self.patch
    }
    pub fn without(&self, fields: &[String]) -> Difference {
        Difference {
            patch: self
                .patch
                .iter()
                .filter(|(k, _)| !fields.contains(k))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        }
    }
}
impl Profile {
    pub fn parse(user: &Value, _rules: &ProfileRules) -> Result<Profile, Vec<FieldError>> {
        Ok(Profile {
            email: user["email"].as_str().unwrap_or_default().into(),
            thin: false,
            last: user["userName"]["lastName"].as_str().unwrap_or_default().into(),
        })
    }
    pub fn from_hook(
        user_name: &str,
        display_name: Option<&str>,
        _rules: &ProfileRules,
    ) -> Result<Profile, Vec<FieldError>> {
        Ok(Profile { email: user_name.into(), thin: true, last: display_name.unwrap_or(user_name).into() })
    }
    pub fn email(&self) -> &str {
        &self.email
    }
    pub fn employee_number(&self) -> Option<&str> {
        None
    }
    pub fn is_thin(&self) -> bool {
        self.thin
    }
    pub fn to_json(&self) -> Value {
        serde_json::json!({"email": self.email, "userName": {"lastName": self.last}, "thin": self.thin})
    }
    pub fn from_stored(v: &Value) -> Result<Profile, Vec<FieldError>> {
        Ok(Profile {
            email: v["email"].as_str().unwrap_or_default().into(),
            thin: v["thin"] == true,
            last: v["userName"]["lastName"].as_str().unwrap_or_default().into(),
        })
    }
    pub fn create_properties(&self, domain_id: i64) -> Map<String, Value> {
        let mut m = Map::new();
        m.insert("email".into(), self.email.clone().into());
        m.insert("domainId".into(), domain_id.into());
        m.insert("userName".into(), serde_json::json!({"lastName": self.last}));
        m
    }
    pub fn difference(&self, actual: &Map<String, Value>, _domain_id: i64) -> Difference {
        let mut patch = Map::new();
        if actual.get("userName").and_then(|u| u.get("lastName")).and_then(Value::as_str) != Some(&self.last) {
            patch.insert("userName".into(), serde_json::json!({"lastName": self.last}));
        }
        Difference { patch }
    }
}
