//! What holds for every page, and what single pages must say.

use domain::decision::Choice;
use web::pages::decide::{self, Show};
use web::pages::decision::{self, Decision, Forms, May, Own, Words};
use web::pages::form::Filled;
use web::pages::frame::Done;
use web::pages::help::Word;
use web::pages::home::Need;
use web::pages::parts::{Name, Outcome, State};

use super::{others, pages, sample};

/// A page as its reader hears it: without tags, spaces joined.
fn heard(page: &str) -> String {
    let mut words = String::new();
    let mut inside = false;
    for letter in page.chars() {
        match letter {
            '<' => inside = true,
            '>' => {
                inside = false;
                words.push(' ');
            }
            letter if !inside => words.push(letter),
            _ => {}
        }
    }
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    joined
        .replace(" .", ".")
        .replace(" ,", ",")
        .replace(" :", ":")
}

fn shown(view: &Decision) -> String {
    decision::page(&sample::frame("/decide/x"), view, &Forms::default()).into_string()
}

/// The parts of a page between `start` and `end`.
fn between<'a>(page: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    page.split(start)
        .skip(1)
        .map(|rest| rest.split(end).next().unwrap_or(rest))
        .collect()
}

fn attributes(page: &str, name: &str) -> Vec<String> {
    let mark = format!(" {name}=\"");
    between(page, &mark, "\"")
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_page_has_one_heading_one_main_and_a_title() {
    for (name, page) in pages() {
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert_eq!(page.matches("<main").count(), 1, "{name}");
        assert_eq!(page.matches("<title>").count(), 1, "{name}");
        assert!(page.contains("<html lang=\"en\""), "{name}");
    }
}

#[test]
fn no_page_has_inline_style_or_script() {
    for (name, page) in pages() {
        assert!(!page.contains(" style="), "{name}");
        assert!(!page.contains("<style"), "{name}");
        assert!(
            !page.contains(" onclick") && !page.contains("javascript:"),
            "{name}"
        );
        for script in between(&page, "<script", "</script>") {
            let ours = ["live", "editor", "room", "copy"];
            let ours = ours.map(|each| format!(" src=\"/assets/{each}.js\" defer>"));
            assert!(ours.contains(&script.to_owned()), "{name}: {script}");
        }
    }
}

#[test]
fn every_form_is_posted_with_a_token() {
    let mut forms = 0;
    for (name, page) in pages() {
        for form in between(&page, "<form", "</form>") {
            if form.contains("role=\"search\"") || form.contains("/configuration\"") {
                // Looking for something, or at how a front end is set up, changes nothing.
                assert!(form.contains("method=\"get\""), "{name}: {form}");
                continue;
            }
            assert!(form.contains("method=\"post\""), "{name}: {form}");
            let secret = ["action=\"/unsubscribe/", "action=\"/rooms/r1/invented\""];
            if secret.iter().any(|action| form.contains(action)) {
                // Its secret address is all the authority there is: mail programs send it too, and
                // guests of a meeting have no session.
                continue;
            }
            let tokens: Vec<_> = between(form, "name=\"csrf\" value=\"", "\"");
            assert!(tokens.len() == 1 && !tokens[0].is_empty(), "{name}: {form}");
            forms += 1;
        }
    }
    assert!(forms > 30, "the gallery shows every form");
}

#[test]
fn the_archive_and_its_list_have_no_form() {
    for (name, page) in pages()
        .into_iter()
        .filter(|(name, _)| name.contains("archive"))
    {
        assert!(!page.contains("<form"), "{name}");
    }
}

#[test]
fn what_is_final_is_never_called_provisional_and_names_its_height() {
    for (name, page) in pages() {
        let words = heard(&page);
        let is_final = [
            "passed",
            "blocked",
            "rejected",
            "no-quorum",
            "lapsed",
            "replaced",
        ];
        if is_final
            .iter()
            .any(|ending| name == format!("final-{ending}"))
        {
            assert!(!words.contains("rovisional"), "{name}: {words}");
            assert!(words.contains("final at height 12"), "{name}: {words}");
            assert!(words.contains("Decision file"), "{name}: {words}");
        }
    }
}

#[test]
fn the_readers_vote_is_said_to_be_sent_witnessed_and_secured_in_words() {
    let told = [
        ("final-sent", "is sent. No validator has witnessed it yet."),
        (
            "final-witnessed",
            "witnessed by 3 of 4 validators. Not secured yet: 1 of the 3",
        ),
        ("final-secured", "Secured: 4 of 4 validators hold it."),
        ("final-ballots", "may still be on their way"),
        (
            "final-lists",
            "Not here yet: what is held by Harbour Media Co-op and Saltmarsh Gardens.",
        ),
        (
            "final-seals",
            "2 of the 3 seals that are needed are here. Waiting for Harbour Media",
        ),
        (
            "final-agreement",
            "They are agreeing on height 12, round 1.",
        ),
        ("final-unseen", "does not follow the register at the moment"),
        ("final-before", "opened before the register began"),
    ];
    let pages = pages();
    for (name, words) in told {
        let (_, page) = pages.iter().find(|(known, _)| *known == name).unwrap();
        let heard = heard(page);
        assert!(heard.contains(words), "{name}: {heard}");
    }
}

#[test]
fn ids_are_unique_and_labels_and_descriptions_point_to_something() {
    for (name, page) in pages() {
        let ids = attributes(&page, "id");
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(ids.len(), unique.len(), "{name}");
        for referring in ["for", "aria-describedby", "aria-labelledby"] {
            for value in attributes(&page, referring) {
                for id in value.split(' ') {
                    assert!(
                        ids.iter().any(|known| known == id),
                        "{name}: {referring} {id}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_page_stays_below_sixty_kilobytes() {
    for (name, page) in pages() {
        assert!(page.len() < 60_000, "{name}: {}", page.len());
    }
}

#[test]
fn every_icon_is_in_the_sprite() {
    let sprite = web::pages::assets::ASSETS
        .iter()
        .find(|asset| asset.path.ends_with("icons.svg"));
    let known = attributes(sprite.unwrap().content, "id");
    for (name, page) in pages() {
        for icon in between(&page, "/assets/icons.svg#", "\"") {
            assert!(known.iter().any(|each| each == icon), "{name}: {icon}");
        }
    }
}

#[test]
fn what_people_write_is_escaped_everywhere() {
    let bad = "<script>alert(1)</script>\"'&";
    let mut view = sample::voting();
    view.version.title = bad.into();
    view.version.text = Some(bad.into());
    view.proposer = Name::new("m", bad);
    view.urgent = Some(bad.into());
    view.rule.aims = vec![(1, bad.into())];
    view.comments[0].words = Words::Here(bad.into());
    view.comments[0].person = Some(bad.into());
    view.silent[0].member.name = bad.into();
    let phase = view.phase.as_mut().unwrap();
    phase.votes[0].reason = Words::Here(bad.into());
    phase.votes[0].aim = Some(bad.into());
    phase.votes[0].delegate = Some(bad.into());
    phase.classes[0].name = bad.into();
    phase.missing[0].member.name = bad.into();
    let filled = Filled::from_pairs([("reason", bad), ("choice", bad)]).with_error("reason", bad);
    let forms = Forms {
        vote: filled,
        ..Forms::default()
    };
    let mut frame = sample::frame("/decide/x");
    frame.member = bad.into();
    frame.federation = bad.into();
    frame.banner = Some(bad.into());
    for page in [
        decision::page(&frame, &view, &forms),
        decision::archived(&frame, &view),
    ] {
        let page = page.into_string();
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("&lt;script&gt;"));
        assert!(!page.contains("\"'&\""));
    }
    let item = decide::Item {
        proposal: Name::new("p", bad),
        ..others::items().remove(0)
    };
    let list = decide::page(&frame, Show::All, &[item]).into_string();
    assert!(!list.contains("<script>"));
}

#[test]
fn an_open_vote_says_until_when_how_many_and_what_if_it_closed_now() {
    let words = heard(&shown(&sample::voting()));
    for sentence in [
        "Voting on version 2 until Tuesday 24 November, 18:00 your time (17:00 UTC): \
         2 days 4 hours left. 3 of 5 members have voted. One block.",
        "If voting closed now: blocked, provisionally.",
        "Heron Hosting has not voted on version 2",
        "That vote does not carry over, because the text changed.",
        "The first condition that fails is the block.",
        "Met: quorum, 3 voted and 2 needed 1/3 of 5 members",
        "Not met: no block 1 block, from Harbour Media Co-op",
        "2 members have not voted",
        "Quince since today, 06:00. They may have voted.",
    ] {
        assert!(words.contains(sentence), "{sentence}\n{words}");
    }
}

#[test]
fn a_closed_vote_is_always_called_provisional() {
    let outcomes = [
        (Outcome::Passed, "passed"),
        (Outcome::Blocked, "blocked"),
        (Outcome::NoQuorum, "no quorum"),
        (Outcome::Rejected, "rejected"),
    ];
    for (outcome, word) in outcomes {
        let page = shown(&sample::closed(outcome));
        let words = heard(&page);
        let sentence =
            format!("Voting on version 2 closed today, 12:00. Provisional: {word}. 3 of 5 members");
        assert!(words.contains(&sentence), "{words}");
        assert!(page.contains(&format!("<title>Provisional: {word}: ")));
        assert!(!page.contains("/vote\""), "a closed vote has no ballot");
        assert!(words.contains("no register yet"));
    }
}

#[test]
fn deliberation_and_withdrawal_have_their_own_sentence() {
    let words = heard(&shown(&sample::deliberation()));
    assert!(
        words.contains("Deliberation on version 1. Nobody votes yet."),
        "{words}"
    );
    assert!(words.contains("Open voting on version 1"));
    let words = heard(&shown(&sample::withdrawn()));
    assert!(
        words.contains("Withdrawn at version 1. Nothing is decided"),
        "{words}"
    );
}

#[test]
fn unusual_votes_are_marked_in_words() {
    let words = heard(&shown(&sample::closed(Outcome::Blocked)));
    for mark in [
        "Late: arrived here today, 13:00, after the deadline",
        "Conflicting: two different votes of one revision, counts as abstain",
        "Not counted: it is about another version of the text",
        "before that: Agree,",
    ] {
        assert!(words.contains(mark), "{mark}");
    }
}

#[test]
fn the_ballot_carries_the_version_that_was_read() {
    let view = sample::voting();
    let field = format!("name=\"version\" value=\"{}\"", view.version.hash);
    assert!(shown(&view).contains(&field));
}

#[test]
fn disagree_is_offered_only_where_the_charter_allows_it() {
    let mut view = sample::voting();
    assert!(!shown(&view).contains("value=\"disagree\""));
    view.rule.allows_disagree = true;
    assert!(shown(&view).contains("value=\"disagree\""));
}

#[test]
fn a_cast_vote_is_shown_with_its_way_to_change_it() {
    let page = shown(&sample::voted());
    let words = heard(&page);
    assert!(
        words.contains("Heron Hosting has voted Agree Imke · today, 13:00"),
        "{words}"
    );
    assert!(page.contains("/decide/3kV9wq7QmZpTt5n2yXbR8cLd?change=1"));
    assert!(!page.contains("<form class=\"ballot\""));
    let changing = Forms {
        change: true,
        ..Forms::default()
    };
    let page = decision::page(&sample::frame("/"), &sample::voted(), &changing).into_string();
    assert!(page.contains("value=\"agree\" id=\"choice-choice-agree\" checked"));
    assert!(heard(&page).contains("You can change it 7 more times."));
}

#[test]
fn the_eighth_vote_stands() {
    let mut view = sample::voted();
    if let Own::Voted { changes_left, .. } = &mut view.own {
        *changes_left = 0;
    }
    let page = shown(&view);
    assert!(heard(&page).contains("changed seven times and stands"));
    assert!(!page.contains("?change=1"));
}

#[test]
fn a_person_without_the_role_is_told_who_can_vote() {
    let mut view = sample::voting();
    view.may = May {
        comment: true,
        ..May::default()
    };
    let page = shown(&view);
    assert!(heard(&page).contains("Only a delegate of Heron Hosting can vote."));
    assert!(!page.contains("<form class=\"ballot\""));
}

#[test]
fn a_wrong_form_keeps_what_was_typed_and_names_the_error_twice() {
    let (_, page) = pages()
        .into_iter()
        .find(|(name, _)| *name == "decision-wrong")
        .unwrap();
    let sentence = "Say in at least 20 characters what would be harmed.";
    assert_eq!(page.matches(sentence).count(), 2);
    assert!(page.contains("<title>Error: "));
    assert!(page.contains("href=\"#field-reason\"") && page.contains("id=\"field-reason\""));
    assert!(page.contains("aria-describedby=\"hint-reason error-reason\" aria-invalid=\"true\""));
    assert!(page.contains(">Too short</textarea>"));
    assert!(page.contains("value=\"block\" id=\"choice-choice-block\" checked"));
}

#[test]
fn a_password_is_never_sent_back() {
    let (_, page) = pages()
        .into_iter()
        .find(|(name, _)| *name == "sign-in-wrong")
        .unwrap();
    assert!(!page.contains("secret"));
    assert!(page.contains("value=\"Imke\""));
}

#[test]
fn changes_against_the_version_before_are_marked() {
    let page = shown(&sample::voting());
    assert!(
        page.contains("30</del>") && page.contains("60</ins>"),
        "{page}"
    );
    assert!(page.contains("Nothing already recorded is deleted before 1 March 2027.</ins>"));
}

#[test]
fn the_archive_keeps_what_only_members_may_read() {
    let frame = sample::visitor("/archive/x");
    let page = decision::archived(&frame, &sample::closed(Outcome::Blocked)).into_string();
    let words = heard(&page);
    for private in [
        "Noor",
        "Wren",
        "Some of our groups",
        "as Saltmarsh asked",
        "whole room",
    ] {
        assert!(!words.contains(private), "{private}");
    }
    assert!(words.contains("Harbour Media Co-op") && !page.contains("/members/"));
}

#[test]
fn words_that_are_gone_or_not_here_yet_say_so() {
    let mut view = sample::voting();
    let phase = view.phase.as_mut().unwrap();
    phase.votes[0].reason = Words::Erased;
    phase.votes[1].reason = Words::NotHere;
    view.version.text = None;
    let words = heard(&shown(&view));
    assert!(words.contains("Erased by the person who wrote it."));
    assert!(words.contains("The words have not arrived at this node yet."));
    assert!(words.contains("The text has not arrived at this node yet."));
}

#[test]
fn a_large_class_is_shown_in_proportion() {
    let mut view = sample::voting();
    let class = &mut view.phase.as_mut().unwrap().classes[0];
    let seat = class.seats[1].clone();
    class.seats = vec![seat; 25];
    let page = shown(&view);
    assert!(page.contains("<rect class=\"agree\" x=\"0\" y=\"0\" width=\"1000\""));
    assert!(heard(&page).contains("25 of 25 voted"));
}

#[test]
fn each_list_holds_its_own_decisions() {
    let items = others::items();
    let count = |show: Show| items.iter().filter(|item| show.includes(item)).count();
    assert_eq!(Show::ALL.map(count), [1, 2, 1, 3, 5]);
    assert!(items.iter().all(|item| item.own != Some(Choice::Block)));
    assert_eq!(
        items
            .iter()
            .filter(|item| item.state == State::Withdrawn)
            .count(),
        1
    );
}

#[test]
fn a_website_that_is_no_web_address_is_no_link() {
    let (_, page) = pages()
        .into_iter()
        .find(|(name, _)| *name == "member")
        .unwrap();
    assert!(page.contains("href=\"https://lathe.example\" rel=\"nofollow noreferrer\""));
    assert!(!page.contains("href=\"javascript"));
}

#[test]
fn every_word_in_an_address_is_read_back() {
    assert!(
        Word::ALL
            .iter()
            .all(|word| Word::from_word(word.as_str()) == Some(*word))
    );
    assert!(
        Done::ALL
            .iter()
            .all(|done| Done::from_word(done.as_str()) == Some(*done))
    );
    assert!(
        Show::ALL
            .iter()
            .all(|show| Show::from_word(show.as_str()) == Some(*show))
    );
}

#[test]
fn a_blocked_decision_of_ones_own_waits_on_the_home_page() {
    let mut view = others::home_view();
    let (_, mut blocked) = view.waiting.remove(0);
    blocked.state = State::Integration(blocked.deadline.unwrap());
    view.waiting = vec![(Need::Answer, blocked)];
    let page = web::pages::home::page(&sample::frame("/"), &view).into_string();
    assert!(heard(&page).contains("Answer the block"), "{page}");
}
