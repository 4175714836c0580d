//! Mail to delegates: when and what is for `web::reminders` to say, this sends it.

mod post;
mod sender;

use tokio::{sync::watch, task::JoinHandle};
use web::{
    Site,
    reminders::{Mail, Reminders},
};

pub use self::post::SmtpPost;
use self::sender::Sender;
use crate::{config::MailSection, driver::Handle};

/// Starts sending the mails of a site that people reach under `url`.
pub fn start(
    site: Site,
    url: &str,
    config: &MailSection,
    post: SmtpPost,
    state: watch::Sender<Mail>,
    handle: &Handle,
) -> JoinHandle<()> {
    let letters = Reminders::new(site, url);
    let sender = Sender::new(letters, post, config.hourly_max, state);
    tokio::spawn(sender.run(handle.changes().subscribe()))
}
