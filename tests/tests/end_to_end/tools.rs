//! The tools of the stories do what the stories rely on.

use end_to_end::{
    browser::{Browser, Setup},
    process::Process,
    story::story,
};
use tokio::process::Command;

fn shell(script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start("sh", command)
}

#[test]
fn a_killed_process_takes_its_children_along() {
    story(20, async {
        let mut process = shell("sleep 600 & echo child $!; wait");
        let child: String = process
            .line("its child", 5, |line| {
                line.strip_prefix("child ").map(str::to_owned)
            })
            .await;
        drop(process);
        end_to_end::wait::until("the child is gone", 5, async || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
            stat.map_or(true, |stat| stat.contains(") Z "))
                .then_some(())
        })
        .await;
    });
}

#[test]
fn a_browser_shows_a_page_at_the_width_it_is_given_with_or_without_scripts() {
    story(60, async {
        for (scripts, expected) in [(true, "scripts run"), (false, "no scripts")] {
            let mut browser = Browser::with(Setup {
                width: 320,
                scripts,
                ..Setup::default()
            })
            .await;
            let page = "data:text/html,<meta name='viewport' content='width=device-width'><p>no scripts<script>document.querySelector('p').textContent='scripts run'</script>";
            browser.open(page).await;
            assert_eq!(browser.text("p").await, expected);
            if scripts {
                assert_eq!(browser.run("return innerWidth").await, 320);
            }
            assert!(!browser.picture().await.is_empty());
        }
    });
}
