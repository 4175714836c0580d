//! The ballot's form.

use domain::{decision::Choice, id::ProposalId};
use federation::Act;

use crate::{
    error::{FieldFault, WebError},
    fields::Fields,
};

/// What the form asks for. Aims are numbered from 1 on pages, from 0 in ballots.
pub(super) fn act(proposal: ProposalId, fields: &Fields) -> Result<Act, WebError> {
    let fault = |field, message: &str| WebError::Form(vec![FieldFault::new(field, message)]);
    let choice: Choice = fields
        .get("choice")
        .parse()
        .map_err(|_| fault("choice", "Choose how your co-op votes."))?;
    let choice = match choice {
        Choice::Abstain if fields.is_ticked("stand_aside") => Choice::StandAside,
        choice => choice,
    };
    let aim = match (choice, fields.optional("aim")) {
        (Choice::Block, Some(number)) => {
            let number: Option<u64> = number.parse().ok();
            let no_aim = || fault("aim", "Choose an aim of the list.");
            Some(
                number
                    .and_then(|number| number.checked_sub(1))
                    .ok_or_else(no_aim)?,
            )
        }
        _ => None,
    };
    let version = fields.parsed("version", "Load the page again, then vote.")?;
    let reason = fields.get("reason").to_owned();
    Ok(Act::Vote {
        proposal,
        version,
        choice,
        aim,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use domain::id::EntryId;

    use super::*;

    fn voted(form: &str) -> Result<Act, WebError> {
        let body = format!("version={}&{form}", "00".repeat(32));
        act(EntryId([1; 32]), &Fields::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn abstaining_may_stand_aside_and_an_aim_belongs_to_a_block() {
        for (form, choice, aim) in [
            ("choice=agree&stand_aside=yes&aim=1", Choice::Agree, None),
            ("choice=abstain", Choice::Abstain, None),
            ("choice=abstain&stand_aside=yes", Choice::StandAside, None),
            ("choice=block&aim=2&reason=x", Choice::Block, Some(1)),
            ("choice=block&aim=", Choice::Block, None),
        ] {
            match voted(form).unwrap() {
                Act::Vote {
                    choice: found,
                    aim: of,
                    ..
                } => assert_eq!((found, of), (choice, aim)),
                other => panic!("{other:?}"),
            }
        }
        for form in [
            "",
            "choice=",
            "choice=maybe",
            "choice=block&aim=0",
            "choice=block&aim=x",
        ] {
            assert!(matches!(voted(form), Err(WebError::Form(_))), "{form}");
        }
    }
}
