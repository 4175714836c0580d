//! The terms on which a co-op applies to all members: they are shown, kept, and accepted.

use domain::{
    charter::Charter,
    effect::CONTRIBUTION_BYTES_MAX,
    record::BLOCK_BYTES_MAX,
    text::{is_block, is_line, visible_characters},
};

use super::Join;
use crate::{
    cli::Global,
    directory::DataDirectory,
    failure::{Failure, Outcome},
    joining::ToAll,
    keyfile,
};

/// The least digits that name a charter.
const DIGITS_MIN: usize = 8;

/// Shows the charter in force and keeps all of it in a file; gives what is to be said to the members
/// once it is accepted.
pub fn accepted(
    join: &Join,
    global: &Global,
    directory: &DataDirectory,
    federation: &str,
    charter: &Charter,
) -> Outcome<ToAll> {
    let path = directory.offered_charter_path();
    keyfile::replace_private(&path, charter.to_toml().as_bytes())?;
    let terms = charter.hash().to_string();
    let earlier = crate::joining::Application::read(directory)?.and_then(|one| one.to_all);
    let (request, contribution) = match earlier {
        Some(earlier) => (
            join.request.clone().unwrap_or(earlier.request),
            join.contribution.clone().unwrap_or(earlier.contribution),
        ),
        None => (
            join.request.clone().unwrap_or_default(),
            join.contribution.clone().unwrap_or_default(),
        ),
    };
    let to_all = ToAll {
        request: request.replace("\r\n", "\n").trim().to_owned(),
        contribution: contribution.trim().to_owned(),
        terms,
    };
    let prefix = join.accept_charter.as_deref().map(str::trim);
    let has_accepted = prefix.is_some_and(|prefix| is_prefix(prefix, &to_all.terms));
    let has_words = visible_characters(&to_all.request) > 0 && !to_all.contribution.is_empty();
    if has_accepted && has_words {
        check_words(&to_all)?;
        return Ok(to_all);
    }
    global.note(summary(federation, charter, &path.display().to_string()));
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
        "nothing was sent to the members of {federation:?}: {problem}. The charter is in {}",
        path.display()
    ))
    .hint(command(join, global, &to_all)))
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
fn command(join: &Join, global: &Global, to_all: &ToAll) -> String {
    let or = |text: &str, otherwise: &str| match text.is_empty() {
        true => quoted(otherwise),
        false => quoted(text),
    };
    let mut words = vec![
        "folkmoot join INVITATION --name".to_owned(),
        quoted(&join.name),
        "--class".to_owned(),
        quoted(&join.class),
        "--request".to_owned(),
        or(&to_all.request, "Who you are, and why you ask"),
        "--contribution".to_owned(),
        or(&to_all.contribution, "What you commit yourselves to"),
        "--accept-charter".to_owned(),
        to_all.terms.chars().take(2 * DIGITS_MIN).collect(),
    ];
    if let Some(data) = &global.data {
        words.push("--data".to_owned());
        words.push(quoted(&data.display().to_string()));
    }
    words.join(" ")
}

/// As a shell reads it back.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(accept: Option<&str>) -> Join {
        Join {
            invitation: "-".to_owned(),
            name: "Elm's co-op".to_owned(),
            class: "producer".to_owned(),
            request: Some("We mend bicycles.".to_owned()),
            contribution: Some("Ten hours a month".to_owned()),
            accept_charter: accept.map(str::to_owned),
        }
    }

    fn ask(join: &Join) -> (tempfile::TempDir, Outcome<ToAll>) {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::create(folder.path().join("data")).unwrap();
        let global = Global {
            data: None,
            config: None,
            json: true,
        };
        let charter = Charter::default();
        let asked = accepted(join, &global, &directory, "Trees", &charter);
        let kept = std::fs::read_to_string(directory.offered_charter_path()).unwrap();
        assert_eq!(kept, charter.to_toml());
        (folder, asked)
    }

    #[test]
    fn a_charter_is_accepted_by_the_beginning_of_its_hash_only() {
        let hash = Charter::default().hash().to_string();
        for prefix in [&hash[..8], &hash[..], &hash[..12].to_uppercase()] {
            let (_folder, to_all) = ask(&join(Some(prefix)));
            assert_eq!(to_all.unwrap().terms, hash);
        }
        for prefix in [None, Some(""), Some(&hash[..7]), Some("0000000000")] {
            let (_folder, refused) = ask(&join(prefix));
            let refused = refused.unwrap_err();
            assert!(
                refused.message.contains("application-charter.toml"),
                "{refused}"
            );
            let expected = format!(
                "folkmoot join INVITATION --name 'Elm'\\''s co-op' --class producer --request 'We mend \
                 bicycles.' --contribution 'Ten hours a month' --accept-charter {}",
                &hash[..16]
            );
            assert_eq!(refused.hint.unwrap(), expected);
        }
    }

    #[test]
    fn nobody_applies_to_all_without_a_request_and_a_contribution() {
        let hash = Charter::default().hash().to_string();
        let mut without = join(Some(&hash));
        without.contribution = None;
        let (_folder, refused) = ask(&without);
        assert!(
            refused
                .unwrap_err()
                .hint
                .unwrap()
                .contains("--contribution 'What you")
        );
        let mut long = join(Some(&hash));
        long.contribution = Some("x".repeat(CONTRIBUTION_BYTES_MAX + 1));
        let (_folder, refused) = ask(&long);
        assert!(
            refused
                .unwrap_err()
                .message
                .contains("at most 400 bytes, not 401")
        );
    }

    #[test]
    fn what_was_said_before_need_not_be_said_again() {
        let hash = Charter::default().hash().to_string();
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::create(folder.path().join("data")).unwrap();
        let to_all = ToAll {
            request: "We bake.".to_owned(),
            contribution: "Bread".to_owned(),
            terms: "an earlier charter".to_owned(),
        };
        let application = crate::joining::Application {
            name: "Elm".to_owned(),
            class: "producer".to_owned(),
            addresses: Vec::new(),
            to_all: Some(to_all),
        };
        application.write(&directory).unwrap();
        application.write(&directory).unwrap();
        let mut again = join(Some(&hash));
        again.request = None;
        again.contribution = None;
        let global = Global {
            data: None,
            config: None,
            json: true,
        };
        let said = accepted(&again, &global, &directory, "Trees", &Charter::default()).unwrap();
        assert_eq!((&*said.request, &*said.contribution), ("We bake.", "Bread"));
        assert_eq!(said.terms, hash);
    }
}
