//! The terms on which a co-op or a person applies to all members: they are shown, kept, and accepted.

use std::path::Path;

use domain::{
    charter::Charter,
    effect::CONTRIBUTION_BYTES_MAX,
    record::BLOCK_BYTES_MAX,
    text::{is_block, is_line, visible_characters},
};

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
    joining::ToAll,
    keyfile,
};

/// The least digits that name a charter.
const DIGITS_MIN: usize = 8;

/// What is on offer, and what was typed about it.
pub struct Offer<'a> {
    /// The federation's name.
    pub federation: &'a str,
    /// The charter in force.
    pub charter: &'a Charter,
    /// The file in which all of it is kept to be read.
    pub file: &'a Path,
    /// What was said at an earlier try.
    pub earlier: Option<ToAll>,
    /// `--request`
    pub request: Option<&'a str>,
    /// `--contribution`
    pub contribution: Option<&'a str>,
    /// `--accept-charter`
    pub accept_charter: Option<&'a str>,
    /// What else has to be typed to accept it, as a shell reads it.
    pub command: &'a [String],
}

/// Shows the charter in force and keeps all of it in a file; gives what is to be said to the members
/// once it is accepted.
pub fn accepted(offer: &Offer<'_>, global: &Global) -> Outcome<ToAll> {
    keyfile::replace_private(offer.file, offer.charter.to_toml().as_bytes())?;
    let terms = offer.charter.hash().to_string();
    let said = |typed: Option<&str>, earlier: fn(&ToAll) -> &str| {
        let before = offer.earlier.as_ref().map_or("", earlier);
        typed.unwrap_or(before).to_owned()
    };
    let request = said(offer.request, |one| &one.request);
    let contribution = said(offer.contribution, |one| &one.contribution);
    let to_all = ToAll {
        request: request.replace("\r\n", "\n").trim().to_owned(),
        contribution: contribution.trim().to_owned(),
        terms,
    };
    let prefix = offer.accept_charter.map(str::trim);
    let has_accepted = prefix.is_some_and(|prefix| is_prefix(prefix, &to_all.terms));
    let has_words = visible_characters(&to_all.request) > 0 && !to_all.contribution.is_empty();
    if has_accepted && has_words {
        check_words(&to_all)?;
        return Ok(to_all);
    }
    let file = offer.file.display();
    global.note(summary(offer.federation, offer.charter, &file.to_string()));
    let problem = match (prefix, has_accepted) {
        (None, _) => "its charter is not accepted yet".to_owned(),
        (Some(prefix), false) => {
            format!("{prefix:?} is not the charter in force, {}", to_all.terms)
        }
        (Some(_), true) => {
            "the members are to read who asks, and what it commits itself to".to_owned()
        }
    };
    Err(Failure::refused(format!(
        "nothing was sent to the members of {:?}: {problem}. The charter is in {file}",
        offer.federation
    ))
    .hint(command(offer, global, &to_all)))
}

fn is_prefix(prefix: &str, hash: &str) -> bool {
    prefix.len() >= DIGITS_MIN && hash.starts_with(&prefix.to_lowercase())
}

fn check_words(to_all: &ToAll) -> Outcome {
    if to_all.request.len() > BLOCK_BYTES_MAX || !is_block(&to_all.request) {
        return Err(Failure::usage(format!(
            "--request must be text of at most {BLOCK_BYTES_MAX} bytes, not {}",
            to_all.request.len()
        )));
    }
    if to_all.contribution.len() > CONTRIBUTION_BYTES_MAX || !is_line(&to_all.contribution) {
        return Err(Failure::usage(format!(
            "--contribution must be one line of at most {CONTRIBUTION_BYTES_MAX} bytes, not {}",
            to_all.contribution.len()
        )));
    }
    Ok(())
}

fn summary(federation: &str, charter: &Charter, path: &str) -> String {
    let terms = charter.terms();
    let mut text = format!(
        "{federation:?} admits by decision of its members, on the terms of its charter.\n  charter   \
         {}\n",
        terms.title
    );
    for (number, aim) in terms.aims.iter().enumerate() {
        let heading = if number == 0 { "aims" } else { "" };
        text += &format!("  {heading:<9} {}. {aim}\n", number + 1);
    }
    for (number, class) in terms.classes.iter().enumerate() {
        let heading = if number == 0 { "classes" } else { "" };
        text += &format!("  {heading:<9} {} ({})\n", class.id.as_str(), class.name);
    }
    text + &format!("  all of it {path}\n")
}

/// What to type to accept it.
fn command(offer: &Offer<'_>, global: &Global, to_all: &ToAll) -> String {
    let or = |text: &str, otherwise: &str| match text.is_empty() {
        true => quoted(otherwise),
        false => quoted(text),
    };
    let mut words = offer.command.to_vec();
    words.extend([
        "--request".to_owned(),
        or(&to_all.request, "Who you are, and why you ask"),
        "--contribution".to_owned(),
        or(&to_all.contribution, "What you commit yourselves to"),
        "--accept-charter".to_owned(),
        to_all.terms.chars().take(2 * DIGITS_MIN).collect(),
    ]);
    if let Some(data) = &global.data {
        words.push("--data".to_owned());
        words.push(quoted(&data.display().to_string()));
    }
    words.join(" ")
}

/// As a shell reads it back.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was typed: the request, the contribution, and the charter accepted.
    type Typed<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

    fn join(accept: Option<&str>) -> Typed<'_> {
        let request = Some("We mend bicycles.");
        (request, Some("Ten hours a month"), accept)
    }

    fn ask(
        (request, contribution, accept_charter): Typed<'_>,
        earlier: Option<ToAll>,
    ) -> Outcome<ToAll> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("application-charter.toml");
        let global = Global {
            data: None,
            config: None,
            json: true,
        };
        let charter = Charter::default();
        let command = ["folkmoot join INVITATION --name", &quoted("Elm's co-op")];
        let offer = Offer {
            federation: "Trees",
            charter: &charter,
            file: &file,
            earlier,
            request,
            contribution,
            accept_charter,
            command: &command.map(str::to_owned),
        };
        let asked = accepted(&offer, &global);
        let kept = std::fs::read_to_string(&file).unwrap();
        assert_eq!(kept, charter.to_toml());
        asked
    }

    #[test]
    fn a_charter_is_accepted_by_the_beginning_of_its_hash_only() {
        let hash = Charter::default().hash().to_string();
        for prefix in [&hash[..8], &hash[..], &hash[..12].to_uppercase()] {
            let to_all = ask(join(Some(prefix)), None);
            assert_eq!(to_all.unwrap().terms, hash);
        }
        for prefix in [None, Some(""), Some(&hash[..7]), Some("0000000000")] {
            let refused = ask(join(prefix), None).unwrap_err();
            assert!(
                refused.message.contains("application-charter.toml"),
                "{refused}"
            );
            let expected = format!(
                "folkmoot join INVITATION --name 'Elm'\\''s co-op' --request 'We mend bicycles.' \
                 --contribution 'Ten hours a month' --accept-charter {}",
                &hash[..16]
            );
            assert_eq!(refused.hint.unwrap(), expected);
        }
    }

    #[test]
    fn nobody_applies_to_all_without_a_request_and_a_contribution() {
        let hash = Charter::default().hash().to_string();
        let (request, _, accepts) = join(Some(&hash));
        let refused = ask((request, None, accepts), None).unwrap_err();
        assert!(refused.hint.unwrap().contains("--contribution 'What you"));
        let long = "x".repeat(CONTRIBUTION_BYTES_MAX + 1);
        let refused = ask((request, Some(&long), accepts), None).unwrap_err();
        assert!(refused.message.contains("at most 400 bytes, not 401"));
    }

    #[test]
    fn what_was_said_before_need_not_be_said_again() {
        let hash = Charter::default().hash().to_string();
        let earlier = ToAll {
            request: "We bake.".to_owned(),
            contribution: "Bread".to_owned(),
            terms: "an earlier charter".to_owned(),
        };
        let said = ask((None, None, Some(&hash)), Some(earlier)).unwrap();
        assert_eq!((&*said.request, &*said.contribution), ("We bake.", "Bread"));
        assert_eq!(said.terms, hash);
    }
}
