//! One element of a page.

use serde_json::{Value, json};

use super::Browser;

/// Keys that are no characters.
pub mod key {
    /// To the next field.
    pub const TAB: &str = "\u{e004}";
    /// To the next choice.
    pub const DOWN: &str = "\u{e015}";
    /// Presses a button.
    pub const ENTER: &str = "\u{e007}";
    /// Chooses.
    pub const SPACE: &str = " ";
    /// Held while another key is pressed.
    pub const CONTROL: &str = "\u{e009}";
}

/// An element that was on the page when it was looked for.
pub struct Element<'a> {
    pub(super) browser: &'a mut Browser,
    pub(super) id: String,
}

impl Element<'_> {
    async fn ask(&mut self, method: &str, what: &str, body: &Value) -> Value {
        let path = format!("/element/{}/{what}", self.id);
        self.browser.ask(method, &path, body).await
    }

    /// Scrolls until it is in the middle, where no bar covers it, and clicks on it.
    pub async fn click(&mut self) {
        let element = json!({ "element-6066-11e4-a52e-4f735466cecf": self.id });
        let script = "arguments[0].scrollIntoView({ block: 'center' })";
        let body = json!({ "script": script, "args": [element] });
        self.browser.ask("POST", "/execute/sync", &body).await;
        self.ask("POST", "click", &json!({})).await;
    }

    /// Clicks on it twice, as fast as people do.
    pub async fn double_click(&mut self) {
        let origin = json!({ "element-6066-11e4-a52e-4f735466cecf": self.id });
        let press = [
            json!({ "type": "pointerDown", "button": 0 }),
            json!({ "type": "pointerUp", "button": 0 }),
        ];
        let mut actions = vec![json!({ "type": "pointerMove", "origin": origin, "x": 0, "y": 0 })];
        actions.extend(press.iter().cloned());
        actions.extend(press);
        let body = json!({
            "actions": [{ "type": "pointer", "id": "mouse", "actions": actions }]
        });
        self.browser.ask("POST", "/actions", &body).await;
    }

    /// Types into it.
    pub async fn write(&mut self, text: &str) {
        self.ask("POST", "value", &json!({ "text": text })).await;
    }

    /// Empties it.
    pub async fn clear(&mut self) {
        self.ask("POST", "clear", &json!({})).await;
    }

    /// Its text as it is shown.
    pub async fn text(&mut self) -> String {
        let text = self.ask("GET", "text", &Value::Null).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What is typed or chosen in it.
    pub async fn value(&mut self) -> String {
        let value = self.ask("GET", "property/value", &Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }
}
