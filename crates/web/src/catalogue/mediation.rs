//! The way out of a conflict about a proposal.

use super::*;

messages! {
    mediation() { English: "Mediation" }
    who_mediates(people) { English: "{people} mediate in the conflict about this proposal." }
    not_reported() { English: "They have not reported yet. Their report opens the way to a fallback vote." }
    report_of(someone) { English: "Report by {someone}" }
    recommends_vote() { English: "The mediators recommend a fallback vote." }
    recommends_no_vote() { English: "The mediators do not recommend a fallback vote." }
    vote_after_report_explained() { English: "The version that was blocked is voted on once more, one member one vote, for a fresh period: more have to agree than are against. This happens once." }
    write_report() { English: "Report on the conflict" }
    report_again() { English: "Report anew" }
    your_report() { English: "The report" }
    your_report_hint() { English: "Everybody can read it, outside the federation too. A new report takes the place of the last one." }
    we_recommend_vote() { English: "We recommend a fallback vote" }
    report_now() { English: "Report" }
    done_reported() { English: "The report is stored here and is on its way to every other node." }
}
