//! Servers of the federation, and the front ends of this node.

use super::*;

messages! {
    servers() { English: "Servers" }
    server() { English: "Server" }
    servers_of(member) { English: "Servers of {member}" }
    servers_explained() { English: "Everybody sees where a server stands and what it can bear. Its secret stays with this node." }
    servers_none() { English: "No server is here yet." }
    all_servers() { English: "Servers of all members" }
    all_servers_explained() { English: "Meetings are held on these servers. Each belongs to a member, which decides how much of it others may use." }
    all_servers_none() { English: "No member has added a server yet." }
    see_all_servers() { English: "See the servers of all members" }
    server_owner() { English: "Owner" }
    server_region() { English: "Region" }
    server_region_hint() { English: "Where it stands: small letters and hyphens, such as eu-west or ca-east." }
    server_service() { English: "New meetings" }
    service_open() { English: "Open" }
    service_cordoned() { English: "Cordoned" }
    service_draining() { English: "Draining" }
    service_tests_only() { English: "Tests only" }
    service_removed() { English: "Removed" }
    service_open_means() { English: "It takes new meetings." }
    service_cordoned_means() { English: "It takes none for now. Those that run go on." }
    service_draining_means() { English: "It takes none any more: it is about to go. Those that run go on." }
    service_tests_only_means() { English: "It takes new meetings of your co-op only." }
    server_now() { English: "Now" }
    server_capacity() { English: "Capacity" }
    capacity_of(users, rooms) { English: "{users} people, {rooms} meetings" }
    capacity_room(users) { English: "{users} people in one meeting" }
    server_share() { English: "Share for others" }
    server_share_of(percent) { English: "{percent} %" }
    server_features() { English: "Features" }
    server_features_none() { English: "none" }
    server_energy() { English: "Energy" }
    server_energy_hint() { English: "Where it comes from, in a few words." }
    server_cost() { English: "Cost in a month" }
    server_cost_hint() { English: "A sum such as 30.00." }
    server_cost_of(amount, currency) { English: "{amount} {currency}" }
    server_currency() { English: "Currency" }
    server_currency_hint() { English: "Three letters, such as EUR." }
    add_server() { English: "Add a server" }
    add_server_explained() { English: "On the server, <code>bbb-conf --secret</code> prints its address and its secret." }
    edit_server(name) { English: "Change {name}" }
    server_name() { English: "Name" }
    server_name_hint() { English: "What you call it." }
    server_url() { English: "Address" }
    server_url_hint() { English: "Such as https://bbb.example.org." }
    server_secret() { English: "Secret" }
    server_secret_hint() { English: "It is kept sealed and never shown again." }
    server_secret_new_hint() { English: "Only if it has changed. It is kept sealed and never shown." }
    server_cores() { English: "Cores" }
    server_cores_hint() { English: "Of its processor. What it bears follows from them." }
    server_cores_again_hint() { English: "Only if they have changed: then what it bears is computed anew." }
    server_mbit() { English: "Megabits a second" }
    server_mbit_hint() { English: "What it can send." }
    server_measured() { English: "Figures you have measured" }
    server_cpu_units() { English: "Units of processing" }
    server_cpu_units_hint() { English: "One forwards a camera of 320 × 240 pixels." }
    server_kbit() { English: "Kilobits a second" }
    server_users() { English: "People at one time" }
    server_rooms() { English: "Meetings at one time" }
    server_room_users() { English: "People in one meeting" }
    server_features_hint() { English: "Words with spaces between. With “recording” it takes meetings that are recorded; other words, such as “dedicated”, mean what your co-op gives them: a front end can ask for them." }
    server_share_hint() { English: "How much of it meetings of other members may take, in per cent." }
    server_reach() { English: "How this node reaches it" }
    server_algorithm() { English: "Hash of checksums" }
    server_allow_private() { English: "Its name may lead into a private network: it stands beside this node" }
    server_allow_http() { English: "It may be called without encryption" }
    save_server() { English: "Save" }
    set_service() { English: "Set" }
    server_change() { English: "Change" }
    server_check() { English: "Call the server" }
    server_check_explained() { English: "Does it answer, does it accept the secret, is its clock right?" }
    server_answers(ms) { English: "It answers in {ms} ms and accepts the secret." }
    server_is_release(release, version) { English: "It is BigBlueButton {release}; its API has version {version}." }
    server_has_version(version) { English: "Its API has version {version}." }
    server_clock_right() { English: "Its clock is right." }
    server_clock_ahead(off) { English: "Its clock is {off} ahead of this node’s. Turn on time synchronisation there (NTP)." }
    server_clock_behind(off) { English: "Its clock is {off} behind this node’s. Turn on time synchronisation there (NTP)." }
    server_remove() { English: "Remove this server" }
    server_remove_open() { English: "Remove …" }
    done_server_removed() { English: "The server is removed. This node has forgotten its secret, and no new meeting goes there." }
    server_remove_explained() { English: "This node forgets its secret. Meetings that run on it go on there, but nobody finds them through the federation any more: drain it first, and wait until it is empty." }
    secret_missing() { English: "no secret here" }
    secret_shut() { English: "its secret does not open" }
    secret_shut_todo() { English: "The file <code>secrets.key</code> in the data directory is gone or another. Put it back, or give the secret again." }
    tenants() { English: "Front ends" }
    tenants_of(member) { English: "Front ends at the node of {member}" }
    tenants_explained() { English: "A front end is a Greenlight, a Nextcloud, a Moodle or the like. To it this node is one BigBlueButton server; each has a secret and limits of its own." }
    tenants_none() { English: "No front end has its meetings through this node." }
    tenant_name() { English: "Name" }
    tenant_name_hint() { English: "What you call it." }
    tenant_member() { English: "Member" }
    tenant_region() { English: "Region" }
    tenant_region_hint() { English: "Where its people are, if their meetings should be near, such as eu-west. May stay empty." }
    tenant_describe() { English: "Name and region" }
    save_tenant() { English: "Save name and region" }
    tenant_level() { English: "Service level" }
    tenant_level_none() { English: "no limits" }
    tenant_level_hint() { English: "A start: each limit can be changed afterwards." }
    tenant_secret() { English: "Secret it has already" }
    tenant_secret_hint() { English: "Leave it empty, and a new one is made." }
    add_tenant() { English: "Add a front end" }
    tenant_limits() { English: "Limits" }
    tenant_limits_explained() { English: "Empty means no limit." }
    tenant_limits_of(meetings, people) { English: "{meetings} meetings, {people} people in each" }
    no_limit() { English: "any number of" }
    tenant_elsewhere() { English: "set at its home, another node" }
    limit_meetings() { English: "Meetings at one time" }
    limit_participants() { English: "People in one meeting" }
    limit_participants_total() { English: "People in all its meetings at one time" }
    limit_duration() { English: "Minutes of a meeting" }
    limit_recording() { English: "Meetings may be recorded" }
    tenant_defaults() { English: "Parameters where the front end says nothing" }
    tenant_forced() { English: "Parameters whatever the front end says" }
    tenant_parameters_hint() { English: "One on a line, such as muteOnStart=true." }
    tenant_features() { English: "What a server must be able to do" }
    tenant_features_hint() { English: "Words with spaces between, such as recording or dedicated: its meetings go only to servers that have all of them." }
    tenant_levels_explained() { English: "What the levels allow" }
    tenant_levels_recording() { English: "Recording is not part of a level and stays as it is set." }
    not_limited() { English: "no limit" }
    save_limits() { English: "Save the limits" }
    set_level() { English: "Set this level’s limits" }
    tenant_rotate() { English: "New secret" }
    tenant_rotate_explained() { English: "The old one works for seven more days, so that there is time to set the new one." }
    tenant_rotate_open() { English: "Change the secret …" }
    tenant_rotate_now() { English: "The old secret was stolen: it stops working at once" }
    tenant_rotate_given() { English: "The new secret, if you have one" }
    make_secret() { English: "Change the secret" }
    tenant_old_until(until) { English: "An old secret works until {until}." }
    secret_of(name) { English: "The secret of {name}" }
    secret_shown() { English: "Set it in the front end. A steward sees it again under “Show the secret” on this page; nobody else does." }
    show_secret() { English: "Show the secret" }
    done_secret_kept() { English: "The secret you gave is kept. Nobody else sees it." }
    tenant_of_rooms() { English: "rooms of the dashboard" }
    tenant_of_rooms_explained() { English: "These are the rooms that people make in the dashboard. No program calls for them, so they have no secret to set anywhere and are not removed; their limits hold as those of every front end do." }
    tenant_configuration() { English: "What to set in the front end" }
    tenant_configuration_for() { English: "Program" }
    tenant_with_secret() { English: "With the secret in its place" }
    show_configuration() { English: "Show" }
    configuration_of(program) { English: "For {program}" }
    tenant_remove() { English: "Remove this front end" }
    tenant_remove_open() { English: "Remove …" }
    done_tenant_removed() { English: "The front end is removed. Its secrets work no more." }
    tenant_remove_explained() { English: "Its secrets work no more. Meetings that run go on until they end." }
}

plurals! {
    server_remove_forced[count]() {
        English: one "1 meeting runs on it: remove it all the same"
            other "{count} meetings run on it: remove it all the same"
    }
}
