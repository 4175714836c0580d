//! What goes wrong on the way, and how the client says it.

use std::{error::Error as _, time::Duration};

use crate::common::{room, secret, setting};
use bigbluebutton::{
    Client, Endpoint, Error, Failure, Guard,
    client::{Transport, Trust},
    laboratory::{Laboratory, Misbehaviour, Settings, Tls},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A fault, and how the client's error is told.
type Case = (Misbehaviour, fn(&Error) -> bool);

#[tokio::test]
async fn a_server_that_does_not_answer_is_left_at_the_deadline() {
    let lab = setting().await;
    let client = lab.impatient();
    for fault in [
        Misbehaviour {
            hang: true,
            ..Misbehaviour::default()
        },
        Misbehaviour {
            latency_ms: 600_000,
            jitter_ms: 10,
            ..Misbehaviour::default()
        },
    ] {
        lab.laboratory.handle.misbehave(fault);
        let error = client.meetings().await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Timeout {
                    deadline_ms: 300,
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(error.failure(), Failure::server_unavailable());
        assert!(error.is_uncertain());
    }
}

#[tokio::test]
async fn every_fault_of_a_server_is_told_and_forgotten() {
    let lab = setting().await;
    let client = lab.modest();
    let none = Misbehaviour::default;
    let cases: Vec<Case> = vec![
        (
            Misbehaviour {
                status: Some(502),
                ..none()
            },
            |error| matches!(error, Error::Status { status: 502, .. }),
        ),
        (
            Misbehaviour {
                wrong_xml: true,
                ..none()
            },
            |error| matches!(error, Error::Unreadable { .. }),
        ),
        (
            Misbehaviour {
                truncated_body: true,
                ..none()
            },
            |error| matches!(error, Error::Broken { .. }),
        ),
        (
            Misbehaviour {
                oversized_body_bytes: Some(200_000),
                ..none()
            },
            |error| matches!(error, Error::AnswerTooLarge { max: 100_000, .. }),
        ),
        (
            Misbehaviour {
                refuse_connections: true,
                ..none()
            },
            |error| matches!(error, Error::Broken { .. }),
        ),
    ];
    for (fault, is_told) in cases {
        lab.laboratory.handle.misbehave(fault.clone());
        let error = client.meetings().await.unwrap_err();
        assert!(is_told(&error), "{fault:?}: {error:?}");
        assert_eq!(error.failure(), Failure::server_unavailable());
        assert!(error.is_uncertain());
        lab.laboratory.handle.misbehave(none());
        client.meetings().await.expect("the fault is over");
    }
}

#[tokio::test]
async fn a_fault_can_be_about_one_call() {
    let lab = setting().await;
    let calls = vec!["create".to_owned()];
    let fault = Misbehaviour {
        calls,
        status: Some(500),
        ..Misbehaviour::default()
    };
    lab.laboratory.handle.misbehave(fault);
    assert!(lab.client.meetings().await.is_ok());
    assert!(matches!(
        lab.client.create(&room(), None).await,
        Err(Error::Status { .. })
    ));
    // The call was carried out all the same.
    assert_eq!(lab.laboratory.handle.meetings().len(), 1);
}

#[tokio::test]
async fn a_meeting_is_not_found_while_it_is_created() {
    let lab = setting().await;
    let fault = Misbehaviour {
        create_ms: 60_000,
        ..Misbehaviour::default()
    };
    lab.laboratory.handle.misbehave(fault);
    let client = lab.client.clone();
    let creating = tokio::spawn(async move { client.create(&room(), None).await });
    while !lab.laboratory.handle.calls().contains_key("create") {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        lab.client.meeting_info("r1").await,
        Err(Error::Failed { .. })
    ));
    creating.abort();
}

#[tokio::test]
async fn a_create_is_carried_out_after_the_caller_has_gone() {
    let lab = setting().await;
    let fault = Misbehaviour {
        create_ms: 400,
        ..Misbehaviour::default()
    };
    lab.laboratory.handle.misbehave(fault);
    let gone = lab.impatient().create(&room(), None).await.unwrap_err();
    assert!(matches!(gone, Error::Timeout { .. }), "{gone}");
    let appears = async {
        while lab.laboratory.handle.meetings().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let appeared = tokio::time::timeout(Duration::from_secs(20), appears).await;
    appeared.expect("it is created all the same");
}

#[tokio::test]
async fn a_restart_loses_the_meetings() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    lab.laboratory.handle.forget_meetings();
    let gone = lab.client.meeting_info("r1").await.unwrap_err();
    assert_eq!(gone.failure(), Failure::meeting_not_found());
    assert!(!gone.is_uncertain());
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_at_once() {
    let lab = setting().await;
    let client = lab.impatient();
    drop(lab);
    let error = loop {
        match client.meetings().await.unwrap_err() {
            // Until the tasks of the laboratory are gone too.
            Error::Broken { .. } | Error::Timeout { .. } => tokio::task::yield_now().await,
            error => break error,
        }
    };
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(!error.is_uncertain());
}

#[tokio::test]
async fn an_inside_address_is_refused_by_a_public_guard() {
    let lab = setting().await;
    let transport = Transport::new(Guard::PUBLIC, &Trust::default()).unwrap();
    let client = Client::new(transport, lab.client.endpoint().clone(), secret());
    let error = client.index().await.unwrap_err();
    assert!(matches!(error, Error::RefusedAddress { .. }), "{error:?}");
    assert!(lab.laboratory.handle.calls().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        let answer =
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    });
    let endpoint = Endpoint::parse_insecure(&format!("http://{address}")).unwrap();
    let client = Client::new(crate::common::transport(), endpoint, secret());
    let error = client.meetings().await.unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 302, .. }),
        "{error:?}"
    );
    answering.await.unwrap();
}

#[tokio::test]
async fn no_error_shows_the_secret_or_a_checksum() {
    let lab = setting().await;
    let client = lab.impatient();
    let url = client.join_url(&crate::common::person("Ada", "viewer"));
    assert!(url.contains("checksum="));
    for fault in [
        Misbehaviour {
            hang: true,
            ..Misbehaviour::default()
        },
        Misbehaviour {
            status: Some(500),
            ..Misbehaviour::default()
        },
        Misbehaviour {
            wrong_xml: true,
            ..Misbehaviour::default()
        },
        Misbehaviour {
            truncated_body: true,
            ..Misbehaviour::default()
        },
        Misbehaviour {
            refuse_connections: true,
            ..Misbehaviour::default()
        },
    ] {
        lab.laboratory.handle.misbehave(fault);
        let error = client.create(&room(), None).await.unwrap_err();
        let mut said = format!("{error} {error:?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            said.push_str(&error.to_string());
            cause = error.source();
        }
        for hidden in ["checksum", "laboratory's", "moderatorPW", "Tea"] {
            assert!(!said.contains(hidden), "{said}");
        }
    }
    assert!(!format!("{client:?}").contains("laboratory's"));
}

#[tokio::test]
async fn a_server_must_prove_who_it_is() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate_pem = made.cert.pem().into_bytes();
    let tls = Tls {
        certificate_pem: certificate_pem.clone(),
        key_pem: made.key_pair.serialize_pem().into_bytes(),
    };
    let settings = Settings {
        tls: Some(tls),
        ..Settings::new(secret())
    };
    let laboratory = Laboratory::start(settings).await.unwrap();
    let address = format!("https://localhost:{}", laboratory.address.port());
    let endpoint = Endpoint::parse(&address).unwrap();
    let stranger = Client::new(crate::common::transport(), endpoint.clone(), secret());
    let error = stranger.index().await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    let trust = Trust {
        native: false,
        roots_pem: vec![certificate_pem],
    };
    let transport = Transport::new(Guard::ANY, &trust).unwrap();
    let client = Client::new(transport, endpoint, secret());
    client.index().await.expect("the certificate is trusted");
    client
        .create(&room(), None)
        .await
        .expect("the connection is kept");
}
