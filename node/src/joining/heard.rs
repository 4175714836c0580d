//! What an applicant's node was told, and how it says so in its log.

use std::path::Path;

use federation::{Standing, format_utc};

use super::Application;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// Founders admit.
    Founders {
        /// How many have signed.
        found: usize,
        /// How many are needed.
        needed: u64,
    },
    /// A decision admits.
    Standing(Standing),
}

impl Heard {
    /// Says it in the log, and returns it: what can be waited for, or what is to be done.
    pub fn log(&self, application: &Application, directory: &Path) -> String {
        let (is_to_do, sentence) = self.sentence(application, directory);
        match is_to_do {
            true => tracing::warn!("{sentence}"),
            false => tracing::info!("{sentence}"),
        }
        sentence
    }

    /// Whether the applicant has something to do, and the sentence.
    fn sentence(&self, application: &Application, directory: &Path) -> (bool, String) {
        let again = format!(
            "folkmoot join INVITATION --name {:?} --data {}",
            application.name,
            directory.display()
        );
        let standing = match self {
            Self::Founders { found, needed } => {
                let said = format!("{found} of {needed} founders have admitted this co-op");
                return (false, said);
            }
            Self::Standing(standing) => standing,
        };
        if application.to_all.is_none() {
            let said = format!(
                "the federation admits by decision now that its register has begun: to read its \
                 charter and apply to all members, run {again}"
            );
            return (true, said);
        }
        match standing {
            Standing::NoRegister => (
                false,
                "the inviting node has not caught up with the register yet".to_owned(),
            ),
            Standing::Unknown => (
                true,
                format!(
                    "the inviting node has no application of this co-op; to apply again, run {again}"
                ),
            ),
            Standing::Waiting => (
                false,
                "the application has reached the members; none has proposed the admission yet"
                    .to_owned(),
            ),
            Standing::Proposed(proposal) => (
                false,
                format!(
                    "a member proposes the admission, proposal {}; voting is not open yet",
                    proposal.short()
                ),
            ),
            Standing::Voting { proposal, until } => (
                false,
                format!(
                    "the members vote on the admission until {}, proposal {}",
                    format_utc(*until),
                    proposal.short()
                ),
            ),
            Standing::Refused { proposal, why } => (
                true,
                format!(
                    "the members did not admit this co-op, by proposal {}: {why}; to apply again, run {again}",
                    proposal.short()
                ),
            ),
            Standing::Outdated { charter } => (
                true,
                format!(
                    "the charter has changed since this co-op accepted it, and {} is in force now; to read \
                     it and apply on the new terms, run {again}",
                    charter.short()
                ),
            ),
            // It has entered, and its node waits no more.
            Standing::Admitted { .. } => (false, "the members have admitted this co-op".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{EntryId, Hash, Timestamp};

    use super::{super::ToAll, *};

    fn sentence(standing: Standing, by_decision: bool) -> (bool, String) {
        let to_all = ToAll {
            request: "Let us in.".to_owned(),
            contribution: "Ten hours.".to_owned(),
            terms: Hash([1; 32]).to_string(),
        };
        let application = Application {
            name: "Elm".to_owned(),
            class: "producer".to_owned(),
            addresses: Vec::new(),
            to_all: by_decision.then_some(to_all),
        };
        Heard::Standing(standing).sentence(&application, Path::new("/data"))
    }

    #[test]
    fn what_the_applicant_has_to_do_is_said_with_the_command() {
        let proposal = EntryId([2; 32]);
        let why = "blocked: blocks: 3".to_owned();
        let charter = Hash([3; 32]);
        for (standing, word) in [
            (Standing::Refused { proposal, why }, "blocked: blocks: 3"),
            (Standing::Outdated { charter }, "03030303"),
            (Standing::Unknown, "no application"),
        ] {
            let (is_to_do, said) = sentence(standing, true);
            assert!(is_to_do, "{said}");
            for word in [word, "folkmoot join INVITATION --name \"Elm\" --data /data"] {
                assert!(said.contains(word), "{said}");
            }
        }
        let until = Timestamp(0);
        for standing in [
            Standing::Waiting,
            Standing::Proposed(proposal),
            Standing::Voting { proposal, until },
        ] {
            assert!(!sentence(standing, true).0);
        }
    }

    #[test]
    fn who_waits_for_founders_is_told_that_decisions_admit_now() {
        let (is_to_do, said) = sentence(Standing::Unknown, false);
        assert!(
            is_to_do && said.contains("admits by decision now"),
            "{said}"
        );
    }
}
