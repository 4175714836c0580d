//! The calls with their answers as structures.

use super::{Client, Payload, Reply};
use crate::{
    answer::{
        self, Created, Done, HookCreated, Hooks, Index, Joined, Meeting, Meetings, Message,
        Outcome, Recordings, Running, TextTrackStored, TextTracks,
    },
    call::Call,
    error::Error,
    failure::Failure,
    query::Parameters,
    request::{RecordingFilter, SendChatMessage},
};

impl Client {
    /// The version of the server; needs no secret to be right.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn index(&self) -> Result<Index, Error> {
        let response = self.call(Call::Index, &Parameters::new(), None).await?;
        Index::from_response(&response).map_err(|error| self.unreadable(Call::Index, error))
    }

    /// Creates a meeting or finds it again; the body carries presentations and settings.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn create(
        &self,
        parameters: &Parameters,
        payload: Option<Payload>,
    ) -> Result<Created, Error> {
        let response = self.call(Call::Create, parameters, payload).await?;
        Created::from_response(response).map_err(|error| self.unreadable(Call::Create, error))
    }

    /// Joins without a browser: asks for XML in place of the redirect.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn join(&self, mut parameters: Parameters) -> Result<Joined, Error> {
        parameters.set("redirect", "false");
        let response = self.call(Call::Join, &parameters, None).await?;
        Joined::from_response(response).map_err(|error| self.unreadable(Call::Join, error))
    }

    /// Whether somebody is in a meeting.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn is_meeting_running(&self, meeting_id: &str) -> Result<bool, Error> {
        let call = Call::IsMeetingRunning;
        let response = self.call(call, &one(meeting_id), None).await?;
        let running = Running::from_response(&response);
        running
            .map(|running| running.0)
            .map_err(|error| self.unreadable(call, error))
    }

    /// Asks a meeting to end; it does a few seconds later.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn end(&self, meeting_id: &str, password: Option<&str>) -> Result<Message, Error> {
        let mut parameters = one(meeting_id);
        if let Some(password) = password {
            parameters.push("password", password);
        }
        self.message(Call::End, &parameters, None).await
    }

    /// All about one meeting.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn meeting_info(&self, meeting_id: &str) -> Result<Meeting, Error> {
        let call = Call::GetMeetingInfo;
        let response = self.call(call, &one(meeting_id), None).await?;
        Meeting::from_response(response).map_err(|error| self.unreadable(call, error))
    }

    /// All meetings.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn meetings(&self) -> Result<Meetings, Error> {
        let call = Call::GetMeetings;
        let response = self.call(call, &Parameters::new(), None).await?;
        Ok(Meetings::from_response(response))
    }

    /// Adds documents to a running meeting.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn insert_document(
        &self,
        meeting_id: &str,
        payload: Payload,
    ) -> Result<Message, Error> {
        self.message(Call::InsertDocument, &one(meeting_id), Some(payload))
            .await
    }

    /// Writes into a meeting's public chat.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn send_chat_message(&self, message: SendChatMessage) -> Result<Message, Error> {
        self.message(Call::SendChatMessage, &message.into_parameters(), None)
            .await
    }

    /// Recordings.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn recordings(&self, filter: RecordingFilter) -> Result<Recordings, Error> {
        let call = Call::GetRecordings;
        let response = self.call(call, &filter.into_parameters(), None).await?;
        Ok(Recordings::from_response(response))
    }

    /// Shows or hides recordings; answers whether they are shown now.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn publish_recordings(&self, ids: &[&str], publish: bool) -> Result<Done, Error> {
        let parameters = records(ids).with("publish", publish.to_string());
        self.done(Call::PublishRecordings, &parameters).await
    }

    /// Deletes recordings.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn delete_recordings(&self, ids: &[&str]) -> Result<Done, Error> {
        self.done(Call::DeleteRecordings, &records(ids)).await
    }

    /// Changes metadata of recordings: parameters with the prefix `meta_`, empty to remove.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn update_recordings(
        &self,
        ids: &[&str],
        changes: Parameters,
    ) -> Result<Done, Error> {
        let mut parameters = records(ids);
        parameters.merge(changes);
        self.done(Call::UpdateRecordings, &parameters).await
    }

    /// The captions of a recording.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn text_tracks(&self, record_id: &str) -> Result<TextTracks, Error> {
        let parameters = Parameters::new().with("recordID", record_id);
        let reply = self
            .call_raw(Call::GetRecordingTextTracks, &parameters, None)
            .await?;
        self.json(
            Call::GetRecordingTextTracks,
            &reply,
            TextTracks::read(&reply.body),
        )
    }

    /// Adds captions to a recording: `recordID`, `kind`, `lang`, `label` and an upload in parts.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn put_text_track(
        &self,
        parameters: &Parameters,
        upload: Payload,
    ) -> Result<TextTrackStored, Error> {
        let call = Call::PutRecordingTextTrack;
        let reply = self.call_raw(call, parameters, Some(upload)).await?;
        self.json(call, &reply, TextTrackStored::read(&reply.body))
    }

    /// Registers an address for events: `callbackURL`, and `meetingID`, `eventID`, `getRaw`.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn create_hook(&self, parameters: &Parameters) -> Result<HookCreated, Error> {
        let call = Call::HooksCreate;
        let response = self.call(call, parameters, None).await?;
        HookCreated::from_response(&response).map_err(|error| self.unreadable(call, error))
    }

    /// Removes an address for events.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn destroy_hook(&self, hook_id: &str) -> Result<Done, Error> {
        self.done(
            Call::HooksDestroy,
            &Parameters::new().with("hookID", hook_id),
        )
        .await
    }

    /// The addresses for events, of one meeting and of all, or every one.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn hooks(&self, meeting_id: Option<&str>) -> Result<Hooks, Error> {
        let parameters = meeting_id.map(one).unwrap_or_default();
        let response = self.call(Call::HooksList, &parameters, None).await?;
        Hooks::from_response(response).map_err(|error| self.unreadable(Call::HooksList, error))
    }

    async fn message(
        &self,
        call: Call,
        parameters: &Parameters,
        payload: Option<Payload>,
    ) -> Result<Message, Error> {
        let response = self.call(call, parameters, payload).await?;
        Ok(Message::from_response(&response))
    }

    async fn done(&self, call: Call, parameters: &Parameters) -> Result<Done, Error> {
        let response = self.call(call, parameters, None).await?;
        Done::from_response(&response).map_err(|error| self.unreadable(call, error))
    }

    fn json<T>(
        &self,
        call: Call,
        reply: &Reply,
        read: Result<Result<T, Failure>, Error>,
    ) -> Result<T, Error> {
        // A wrong checksum is refused in XML even here.
        if reply.body.starts_with(b"<")
            && let Ok(Outcome::Failed(failure)) = answer::read(&reply.body)
        {
            return Err(Error::Failed {
                call: call.name(),
                failure,
            });
        }
        match read.map_err(|error| self.unreadable(call, error))? {
            Ok(value) => Ok(value),
            Err(failure) => Err(Error::Failed {
                call: call.name(),
                failure,
            }),
        }
    }
}

fn one(meeting_id: &str) -> Parameters {
    Parameters::new().with("meetingID", meeting_id)
}

fn records(ids: &[&str]) -> Parameters {
    Parameters::new().with("recordID", ids.join(","))
}
