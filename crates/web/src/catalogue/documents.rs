//! Documents: texts written together.

use super::*;

messages! {
    documents() { English: "Documents" }
    document() { English: "Document" }
    documents_are() { English: "Texts that people of all members write together. Everybody’s words are merged, whoever is online." }
    documents_empty() { English: "Nothing is being written. <a href=\"/documents/new\">Begin a document</a> and it stands here." }
    which_documents() { English: "Which documents" }
    documents_open() { English: "Being written" }
    documents_closed_empty() { English: "Nothing is finished or given up. Whoever writes in a document can say so on its page." }
    newer_documents() { English: "Changed later" }
    older_documents() { English: "Changed before" }
    documents_closed() { English: "Finished or given up" }
    new_document() { English: "Begin a document" }
    new_document_below() { English: "Every member can read it and write in it." }
    document_title_hint() { English: "What it is about, in one line." }
    document_text_hint() { English: "You can begin empty. Leave an empty line between paragraphs." }
    begin_it() { English: "Begin it" }
    sort_of_document() { English: "What it is for" }
    sort_text() { English: "Text" }
    sort_draft() { English: "Draft of a proposal" }
    sort_agenda() { English: "Agenda" }
    sort_minutes() { English: "Minutes" }
    written_by() { English: "Written by people of" }
    last_change() { English: "Last change" }
    changed_by(when, writer) { English: "Changed {when} by {writer}." }
    written_by_people(writers) { English: "Written by {writers}." }
    person_of_member(person, member) { English: "{person} ({member})" }
    someone_of(member) { English: "someone of {member}" }
    write_here() { English: "Write" }
    document_is_empty() { English: "Nothing is written here yet." }
    document_not_here() { English: "The text this document begins with has not arrived yet. It comes when a node that has it is connected." }
    document_waiting() { English: "Some changes are not shown: what they build on has not arrived yet. They come when a node that has it is connected." }
    show_who_wrote() { English: "Show who wrote what" }
    show_text_alone() { English: "Show the text alone" }
    who_wrote_explained() { English: "A name stands before the words of each person. Text from before the document began anew goes by whoever began it anew." }
    wrote_aloud() { English: "wrote:" }
    about_document() { English: "About this document" }
    history() { English: "History" }
    history_of(title) { English: "History of {title}" }
    history_explained() { English: "The newest first. Changes that one person made within a quarter of an hour stand together." }
    began_document() { English: "began the document" }
    began_anew() { English: "began it anew" }
    read_it_then() { English: "Read it as it was then" }
    show_what_changed() { English: "Show what changed" }
    older_changes() { English: "Older changes" }
    newer_changes() { English: "Newer changes" }
    version_of(title) { English: "Version of {title}" }
    version_then(when, writer) { English: "As it was after the change by {writer}, {when}." }
    version_now() { English: "This is the text as it is now." }
    compare_with_now() { English: "What changed since" }
    difference_of(title) { English: "What changed in {title}" }
    between_points(older, newer) { English: "From {older} to {newer}." }
    text_that_is_now() { English: "the text as it is now" }
    text_of_time(when) { English: "the text of {when}" }
    compare_from_here() { English: "Compare from here" }
    compare_to_here() { English: "What changed until here" }
    comparing_with(point) { English: "You compare with {point}. Choose the other point." }
    back_to_document() { English: "Back to the document" }
    begin_anew() { English: "Begin anew with this text" }
    begin_anew_explained() { English: "The text stays as it is, its history is left behind and stays readable. Do this when a document is nearly full. What others write at this moment is merged when they save." }
    document_nearly_full() { English: "Little room is left for changes. Somebody can begin it anew with its text." }
    began_with_another_text() { English: "When it began anew, its text was changed: it is not what the history before gave." }
    own_words_lost() { English: "Words of yours that are not in the text" }
    own_words_lost_explained() { English: "Put them in again if they still belong there." }
    why_faulty(why) { English: "The change does not fit what it builds on: {why}." }
    why_full() { English: "The document was full. Once it has begun anew, put the words in again." }
    why_waiting() { English: "What the change builds on has not arrived here yet." }
    why_left_behind() { English: "The document began anew while you wrote." }
    editing(title) { English: "Writing {title}" }
    editor_hint() { English: "What you write is saved when you pause, and merged with what others write at the same time. Nobody’s words are overwritten." }
    editor_hint_plain() { English: "Save often. Your text is merged with what others wrote meanwhile, and comes back merged." }
    save_now() { English: "Save" }
    done_writing() { English: "Read it" }
    saved_at(time) { English: "Saved {time}." }
    not_saved_yet() { English: "Not saved yet." }
    saving_now() { English: "Saving." }
    kept_not_connected(time) { English: "Not connected since {time}: your text is kept here and will be saved." }
    kept_signed_out() { English: "You are signed out. Your text is kept here. Sign in in another tab, then it is saved." }
    kept_other_person() { English: "Somebody else is signed in in this browser. Your text is kept here until you sign in again." }
    kept_refused(why) { English: "Not saved: {why} Your text is kept here." }
    kept_only_here() { English: "This browser keeps nothing for you: leave this page open until it is saved." }
    restored() { English: "Your text from before was kept here and is being saved." }
    merged_with_others() { English: "What others wrote was merged into the text." }
    is_writing_here(writers) { English: "{writers} is writing here." }
    are_writing_here(writers) { English: "{writers} are writing here." }
    nobody_else_writes() { English: "Nobody else is writing here now." }
    done_begun() { English: "The document stands. Every member can read it and write in it." }
    done_text_saved() { English: "Saved, and merged with what others wrote." }
    done_begun_anew() { English: "It has begun anew with the same text." }
    done_filed() { English: "It is said where the document belongs." }
    write_draft_together() { English: "Write a draft together first" }
    write_draft_hint() { English: "Everybody can write in it. When it is ready, it is proposed from its page." }
    propose_this_text() { English: "Propose this text" }
    proposing_draft(draft) { English: "Written together in {draft}. The proposal names the version that stands here; what is written there later does not change it." }
    that_version() { English: "this version of it" }
    text_of_draft(draft, version) { English: "Written together in {draft}; the text is that of {version}." }
    not_text_of_draft(draft, version) { English: "It names {draft}, but its text is not that of {version}. What is voted on is the text here." }
    text_of_draft_unchecked(draft, version) { English: "Written together in {draft}, its author says: in {version}. Not all of it is here to compare." }
    draft_text() { English: "Text of the draft" }
    go_on_in_draft() { English: "Go on in the draft" }
    make_next_version() { English: "Make this the new version" }
    next_version_of(proposal) { English: "It is to become the next version of {proposal}." }
    begin_draft_of_next() { English: "Write the next version together" }
    difference_to_current() { English: "Difference to the current version" }
    same_as_current() { English: "The draft says the same as the current version." }
    attachments() { English: "Attachments" }
    nothing_attached() { English: "Nothing is attached." }
    attach_a_file() { English: "Attach a file" }
    attach_hint() { English: "At most 4 MiB. Every member can fetch it. A file of the same name takes its place." }
    attach() { English: "Attach" }
    take_away() { English: "Take away" }
    attachment_not_here() { English: "Not all of it has arrived at this node yet." }
    done_attached() { English: "Attached. It is on its way to the other nodes." }
    done_detached() { English: "Taken away. Who fetched it before may still have it." }
    where_it_belongs() { English: "Where it belongs" }
    it_is_closed() { English: "It is finished or given up" }
    file_it() { English: "Say so" }
}

plurals! {
    documents_listed[count]() { English: one "One document" other "{count} documents" }
    made_changes[count]() { English: one "made one change" other "made {count} changes" }
}
