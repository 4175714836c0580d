//! Addresses that are told of events.

use super::world::{Outgoing, World};
use crate::{
    answer::{Hook, HookCreated, Hooks},
    callback,
    client::CallBack,
    failure::Failure,
    query::Parameters,
};

/// The most addresses registered.
const MAX_HOOKS: usize = 100;

impl World {
    pub(super) fn create_hook(&mut self, parameters: &Parameters) -> Result<HookCreated, Failure> {
        let url = parameters
            .filled("callbackURL")
            .ok_or_else(Failure::missing_callback_url)?;
        if let Some(hook) = self.hooks.values().find(|hook| hook.callback_url == url) {
            return Ok(HookCreated::Duplicate {
                hook_id: hook.hook_id.clone(),
            });
        }
        if self.hooks.len() >= MAX_HOOKS {
            return Err(Failure::create_hook());
        }
        let number = self
            .hooks
            .last_key_value()
            .map_or(1, |(number, _)| number + 1);
        let hook = Hook {
            hook_id: number.to_string(),
            callback_url: url.to_owned(),
            meeting_id: parameters.filled("meetingID").map(str::to_owned),
            permanent: false,
            raw_data: parameters.get("getRaw") == Some("true"),
            extra: Vec::new(),
        };
        let created = HookCreated::New {
            hook_id: hook.hook_id.clone(),
            permanent: false,
            raw_data: hook.raw_data,
        };
        self.hooks.insert(number, hook);
        Ok(created)
    }

    pub(super) fn destroy_hook(&mut self, parameters: &Parameters) -> Result<(), Failure> {
        let id = parameters
            .filled("hookID")
            .ok_or_else(Failure::missing_hook_id)?;
        let number: u64 = id.parse().map_err(|_| Failure::missing_hook())?;
        self.hooks
            .remove(&number)
            .map(|_| ())
            .ok_or_else(Failure::missing_hook)
    }

    pub(super) fn list_hooks(&self, parameters: &Parameters) -> Hooks {
        let asked = parameters.filled("meetingID");
        let fits = |hook: &&Hook| match (asked, hook.meeting_id.as_deref()) {
            (Some(asked), Some(bound)) => asked == bound,
            _ => true,
        };
        Hooks(self.hooks.values().filter(fits).cloned().collect())
    }

    /// Tells every hook of an event about a meeting.
    pub(super) fn tell_hooks(
        &mut self,
        now_ms: u64,
        event: &str,
        meeting_id: &str,
        internal_id: &str,
    ) {
        if self.hooks.is_empty() {
            return;
        }
        let document = serde_json::json!([{"data": {
            "type": "event",
            "id": event,
            "attributes": {"meeting": {
                "internal-meeting-id": internal_id, "external-meeting-id": meeting_id,
            }},
            "event": {"ts": now_ms},
        }}]);
        let body = Parameters::new()
            .with("event", document.to_string())
            .with("timestamp", now_ms.to_string())
            .encode();
        for hook in self.hooks.values() {
            if hook
                .meeting_id
                .as_deref()
                .is_some_and(|bound| bound != meeting_id)
            {
                continue;
            }
            let sum = callback::hook_checksum(&hook.callback_url, &body, &self.secret);
            let url = callback::with_parameter(&hook.callback_url, "checksum", &sum);
            self.outgoing.push(Outgoing {
                url,
                what: CallBack::Form(body.clone()),
            });
        }
    }
}
