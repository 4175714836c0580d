//! Configurations of front ends, ready to copy.
//!
//! The names of the settings are the front ends' own: Greenlight v3's `sample.env`, the Nextcloud app
//! `bbb`, Moodle's `mod_bigbluebuttonbn`, the WordPress plugin *BigBlueButton*.

use std::fmt::Write;

use super::{levels::level, limits::Rules};

/// Stands where the secret goes.
pub const SECRET_PLACEHOLDER: &str = "SECRET-OF-THIS-TENANT";

/// A front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontEnd {
    /// Greenlight 3.
    Greenlight,
    /// Nextcloud with the app `bbb`.
    Nextcloud,
    /// Moodle with `mod_bigbluebuttonbn`.
    Moodle,
    /// WordPress with the plugin BigBlueButton.
    WordPress,
}

impl FrontEnd {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::Greenlight,
        Self::Nextcloud,
        Self::Moodle,
        Self::WordPress,
    ];

    /// The word in commands and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greenlight => "greenlight",
            Self::Nextcloud => "nextcloud",
            Self::Moodle => "moodle",
            Self::WordPress => "wordpress",
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Greenlight => "Greenlight 3",
            Self::Nextcloud => "Nextcloud",
            Self::Moodle => "Moodle",
            Self::WordPress => "WordPress",
        }
    }

    /// The front end of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// The configuration of a tenant's front end: `url` is the node's address, without a slash at its end.
#[must_use]
pub fn text(front_end: FrontEnd, (name, rules): (&str, &Rules), url: &str, secret: &str) -> String {
    let mut text = String::new();
    for line in heading(front_end, name, rules) {
        // Writing to a string does not fail. A name has one line: it does not leave its comment.
        let _ = writeln!(text, "# {line}");
    }
    if !url.starts_with("https://") {
        text += "# This address is not encrypted: set web.public_url in the node's folkmoot.toml first.\n";
    }
    let base = format!("{url}/bigbluebutton/");
    text += &match front_end {
        FrontEnd::Greenlight => greenlight(&base, secret, name),
        FrontEnd::Nextcloud => nextcloud(&base, secret),
        FrontEnd::Moodle => moodle(&base, secret),
        FrontEnd::WordPress => wordpress(&base, secret),
    };
    text
}

fn heading(front_end: FrontEnd, name: &str, rules: &Rules) -> Vec<String> {
    let limits = &rules.limits;
    let figure = |limit: Option<u32>| limit.map_or("any number".to_owned(), |n| n.to_string());
    let mut lines = vec![
        format!("{} for {name}.", front_end.name()),
        format!(
            "Meetings at one time: {}. People in one meeting: {}; in all of them: {}.",
            figure(limits.meetings_max),
            figure(limits.participants_max),
            figure(limits.participants_total_max),
        ),
        format!(
            "A meeting lasts {}. Recording: {}.",
            limits
                .duration_max_minutes
                .map_or("as long as it likes".to_owned(), |n| format!(
                    "{n} minutes at most"
                )),
            if limits.recording { "yes" } else { "no" },
        ),
    ];
    if let Some(accounts) = level(&rules.level).and_then(|level| level.accounts_max) {
        lines.push(format!(
            "Accounts at the front end by the service level: {accounts}."
        ));
    }
    lines
}

fn greenlight(base: &str, secret: &str, name: &str) -> String {
    // In a value between double quotes only these mean something to who reads the file.
    let sender: String = name
        .chars()
        .filter(|one| !"\"\\$`".contains(*one))
        .collect();
    format!(
        "\
# Put this into the file .env beside Greenlight's docker-compose.yml.

# The federation's meetings, through your co-op's node
BIGBLUEBUTTON_ENDPOINT={base}
BIGBLUEBUTTON_SECRET={secret}

# Greenlight's own secret: openssl rand -hex 64
SECRET_KEY_BASE=
# Its database and cache
DATABASE_URL=postgres://postgres:PASSWORD@postgres:5432/greenlight-v3-production
REDIS_URL=redis://redis:6379

# Your own domain: the name in your people's links
URL_HOST=meet.example.org
RELATIVE_URL_ROOT=/

# Your own mail server: invitations and passwords come from you
SMTP_SENDER_EMAIL=meet@example.org
SMTP_SENDER_NAME=\"{sender}\"
SMTP_SERVER=mail.example.org
SMTP_PORT=587
SMTP_DOMAIN=example.org
SMTP_USERNAME=
SMTP_PASSWORD=
SMTP_AUTH=plain
SMTP_STARTTLS_AUTO=true

# Then, in the browser: the first administrator is made with
#   docker exec -it greenlight-v3 bundle exec rake admin:create
# Administrator Panel, Site Settings, Appearance: your logo and colours.
# Administrator Panel, Site Settings, Registration: join by invitation, so that each person of yours
#   has one account with rooms of its own.
# Administrator Panel, Roles: how many rooms each person may have, and who may record.
"
    )
}

fn nextcloud(base: &str, secret: &str) -> String {
    format!(
        "\
# Run this in Nextcloud's directory as the web server's user.
php occ app:install bbb
php occ config:app:set bbb api.url --value={}
php occ config:app:set bbb api.secret --value={}
",
        quoted(base),
        quoted(secret)
    )
}

fn moodle(base: &str, secret: &str) -> String {
    format!(
        "\
# Run this in Moodle's directory as the web server's user.
php admin/cli/cfg.php --name=bigbluebuttonbn_server_url --set={}
php admin/cli/cfg.php --name=bigbluebuttonbn_shared_secret --set={}
php admin/cli/cfg.php --name=bigbluebuttonbn_checksum_algorithm --set=SHA256
",
        quoted(base),
        quoted(secret)
    )
}

fn wordpress(base: &str, secret: &str) -> String {
    format!(
        "\
# Run this in WordPress's directory, or enter both under Rooms, Settings.
wp plugin install bigbluebutton --activate
wp option update bigbluebutton_url {}
wp option update bigbluebutton_salt {}
",
        quoted(base),
        quoted(secret)
    )
}

/// A word for the shell that stays one word whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://meet.example.coop";

    #[test]
    fn every_front_end_gets_the_address_and_the_secret_once() {
        for front_end in FrontEnd::ALL {
            let rules = Rules::default();
            let text = text(front_end, ("Our Greenlight", &rules), URL, "s3cret");
            assert_eq!(text.matches("s3cret").count(), 1, "{text}");
            let base = "https://meet.example.coop/bigbluebutton/";
            assert_eq!(text.matches(base).count(), 1, "{text}");
            assert_eq!(FrontEnd::from_word(front_end.as_str()), Some(front_end));
        }
    }

    #[test]
    fn an_address_without_encryption_is_pointed_out() {
        let of = |url| text(FrontEnd::Moodle, ("Ours", &Rules::default()), url, "s");
        assert!(of("http://127.0.0.1:7180").contains("web.public_url"));
        assert!(!of(URL).contains("web.public_url"));
    }

    #[test]
    fn a_secret_or_name_with_signs_of_the_shell_stays_what_it_is() {
        let rules = Rules::default();
        let text_of = |front_end| text(front_end, ("A \"$(b)\" `c`", &rules), URL, "it's;rm");
        assert!(text_of(FrontEnd::Moodle).contains("--set='it'\\''s;rm'\n"));
        assert!(text_of(FrontEnd::Greenlight).contains("SMTP_SENDER_NAME=\"A (b) c\"\n"));
    }

    #[test]
    fn the_limits_are_said_on_top() {
        let mut rules = Rules {
            level: "level-3".to_owned(),
            ..Rules::default()
        };
        rules.limits = level("level-3").unwrap().limits;
        let text = text(
            FrontEnd::Greenlight,
            ("Ours", &rules),
            URL,
            SECRET_PLACEHOLDER,
        );
        assert!(
            text.contains("# Meetings at one time: 5. People in one meeting: 50; "),
            "{text}"
        );
        assert!(text.contains("180 minutes at most"));
        assert!(text.contains("Accounts at the front end by the service level: 1."));
    }
}
