//! What comes in from people and from peers, as inputs of the core.

use domain::cbor::Decode;
use federation::{
    Change, Input, Refused,
    meetings::{Part, call::CallFault},
    message::Message,
};
use network::Event;
use web::node::{MeetingsInput, Request};

use super::{Driver, DriverError, Stranger, room, ticket::Ticket};
use crate::clock;

impl Driver {
    pub(super) fn ticket(&mut self, ticket: Ticket) -> u64 {
        let number = self.next_ticket;
        self.next_ticket += 1;
        self.tickets.insert(number, ticket);
        number
    }

    pub(super) fn take_request(&mut self, request: Request) -> Result<Option<Input>, DriverError> {
        let full = self.health.borrow().disk.is_full();
        let random = clock::random().map_err(|_| DriverError::Random)?;
        Ok(match request {
            Request::Act { reply, .. } | Request::Submit { reply, .. } if full => {
                let _ = reply.send(Err(Refused::DiskFull));
                None
            }
            Request::Present(writing) => Some(Input::Present(writing)),
            Request::Act { key, act, reply } => Some(Input::Act {
                ticket: self.ticket(Ticket::Entry(reply)),
                key,
                act,
                random,
            }),
            Request::Prepare { key, act, reply } => Some(Input::Prepare {
                ticket: self.ticket(Ticket::Prepared(reply)),
                key,
                act,
                random,
            }),
            Request::Call { reply, .. } if full => {
                let _ = reply.send(vec![Part::fault(CallFault::Busy)]);
                None
            }
            Request::Call { asked, reply } => Some(Input::Call {
                ticket: self.ticket(Ticket::Parts(reply)),
                asked,
            }),
            Request::Meetings(input) => Some(match input {
                MeetingsInput::Serving(servers) => Input::Serving(servers),
                MeetingsInput::Polled { server, seen } => Input::Polled { server, seen },
                MeetingsInput::Served { job, served } => Input::Served { job, served },
                MeetingsInput::RoundTrip(peer, round_trip_ms) => {
                    Input::RoundTrip(peer, round_trip_ms)
                }
                MeetingsInput::Notice(notice) => Input::Notice(notice),
                MeetingsInput::Hold(wanted) => Input::Hold(wanted),
                MeetingsInput::Release { tenant, room } => Input::Release { tenant, room },
            }),
            Request::Submit {
                entry,
                chunks,
                reply,
            } => Some(Input::Submit {
                ticket: self.ticket(Ticket::Entry(reply)),
                entry,
                chunks,
            }),
        })
    }

    pub(super) async fn take_event(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Connected { peer } => {
                tracing::info!(%peer, "connected");
                if let Some(lanes) = &mut self.lanes {
                    lanes.open(peer);
                }
                Some(Input::Connected(peer))
            }
            Event::Disconnected { peer } => {
                tracing::info!(%peer, "disconnected");
                if let Some(lanes) = &mut self.lanes {
                    lanes.close(&peer);
                }
                Some(Input::Disconnected(peer))
            }
            Event::Frame { from, bytes } => match Message::from_bytes(&bytes) {
                Ok(message) if self.leaves_out(room::brings(&message)) => None,
                Ok(message) => Some(Input::Message(from, message)),
                Err(error) => {
                    tracing::warn!(%from, %error, "a peer sent bytes that are no message");
                    if let Some(network) = &self.network {
                        network.penalise(from).await;
                    }
                    None
                }
            },
            Event::Application { request, reply, .. } => {
                // A full queue drops the reply, which tells the sender that nobody answers.
                let _ = self.strangers.try_send(Stranger { request, reply });
                None
            }
            Event::Listening { address } => {
                tracing::info!(%address, "listening for nodes");
                let _ = self.changes.send(Change::Peers);
                None
            }
            Event::DialFailed {
                peer,
                address,
                error,
            } => {
                tracing::debug!(%peer, %address, %error, "a node could not be reached");
                None
            }
            _ => None,
        }
    }
}
