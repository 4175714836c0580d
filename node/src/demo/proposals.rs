//! The historical proposals that the demo votes on again.

use serde::Deserialize;

/// A past proposal of the model co-op: facts with their source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Historical {
    /// Its title.
    pub title: String,
    /// What it proposes.
    pub text: String,
    when: String,
    rule: Option<String>,
    outcome: Option<String>,
    source: String,
}

#[derive(Deserialize)]
struct File {
    proposal: Vec<Historical>,
}

impl Historical {
    /// All of them, oldest first.
    ///
    /// # Errors
    /// When the file in this program is damaged, as a test shows it is not.
    pub fn all() -> Result<Vec<Self>, toml::de::Error> {
        let file: File = toml::from_str(include_str!("../../demo/proposals.toml"))?;
        Ok(file.proposal)
    }

    /// The text to vote on, which says what is historical and what is invented.
    pub fn words(&self) -> String {
        let mut text = format!("{}\n\nHistorical: meet.coop, {}.", self.text, self.when);
        if let Some(rule) = &self.rule {
            text += &format!(" Decided there by: {rule}.");
        }
        if let Some(outcome) = &self.outcome {
            text += &format!(" Outcome there: {outcome}.");
        }
        text + &format!(
            "\nSource: {}\n\nThe votes here are invented, and so are the co-ops and their people.",
            self.source
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_historical_proposal_names_its_source_and_says_that_votes_are_invented() {
        let all = Historical::all().unwrap();
        assert!(all.len() >= 12);
        for one in all {
            let words = one.words();
            assert!(words.contains("Historical: meet.coop"), "{}", one.title);
            assert!(words.contains("Source: https://"), "{}", one.title);
            assert!(words.contains("votes here are invented"), "{}", one.title);
        }
    }
}
