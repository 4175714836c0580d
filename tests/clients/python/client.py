"""Two meetings from their creation to their deleted recordings, by the library bigbluebutton-api-python.

Usage: SECRET=... client.py ADDRESS, where ADDRESS plays a BigBlueButton server. Two of everything, because
the library takes a list with one entry apart wrongly.
"""

import os
import sys
import time
from urllib.request import urlopen

from bigbluebutton_api_python import BigBlueButton
from bigbluebutton_api_python.exception import BBBException

IDS = ["python one", "python/two & more"]
WAIT_SECONDS = 40


def until(what, look):
    """Looks until there is something to see."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"not within {WAIT_SECONDS} seconds: {what}")


def refused(key, call):
    """Makes a call that has to be refused with this key."""
    try:
        call()
    except BBBException as failure:
        assert failure.key == key, failure
    else:
        sys.exit(f"nothing was refused with {key}")


def life(server):
    for number, meeting in enumerate(IDS):
        parameters = {"name": f"Meeting {number}", "attendeePW": "guest", "moderatorPW": "host", "record": True}
        created = server.create_meeting(meeting, dict(parameters), {"origin": "tests"})
        assert created.get_meetingid() == meeting, created
        assert created.get_moderator_pw() == "host", created
        again = server.create_meeting(meeting, dict(parameters), {"origin": "tests"})
        assert again.get_message_key() == "duplicateWarning", again
        assert not server.is_meeting_running(meeting).is_meeting_running()
        link = server.get_join_meeting_url("Ada Example", meeting, "host", {"userID": "7"})
        page = urlopen(link).read().decode()
        assert "as Ada Example" in page, page
        assert server.is_meeting_running(meeting).is_meeting_running()
        information = server.get_meeting_info(meeting)
        assert information.get_meetinginfo().get_meetingid() == meeting, information
        assert information.get_meetinginfo().is_recording(), information
        [person] = information.get_attendees()
        assert person.get_fullname() == "Ada Example" and person.get_role() == "MODERATOR"
        assert person.get_userid() == "7", information

    meetings = server.get_meetings().get_meetings()
    assert sorted(one.get_meetingid() for one in meetings) == IDS
    assert all(one.get_participantcount() == 1 for one in meetings)

    for meeting in IDS:
        server.end_meeting(meeting, "host")
    until("no meeting is left", lambda: not server.get_meetings().get_meetings())
    refused("notFound", lambda: server.get_meeting_info(IDS[0]))
    refused("notFound", lambda: server.end_meeting("nothing", "host"))


def recordings(server):
    def listed():
        """Recordings as the library reads them; its own class of them knows one format only."""
        answer = server.get_recordings(",".join(IDS))
        found = answer.get_field("recordings") if "recordings" in answer.rawXml else ""
        found = found["recording"] if found else []
        return found if isinstance(found, list) else [found]

    def both():
        found = [one for one in listed() if one["state"] == "published"]
        return found if len(found) == 2 else None

    found = until("both recordings", both)
    assert sorted(one["meetingID"] for one in found) == IDS
    assert all(one["published"] == "true" for one in found)
    assert all(one["metadata"]["origin"] == "tests" for one in found)
    ids = [str(one["recordID"]) for one in found]
    assert not server.publish_recordings(ids[0], False).is_published()
    server.update_recordings(ids[1], {"origin": "elsewhere"})
    changed = {one["recordID"]: one for one in listed()}
    assert changed[ids[1]]["metadata"]["origin"] == "elsewhere"
    assert server.delete_recordings(",".join(ids)).is_deleted()
    assert listed() == []


def main():
    server = BigBlueButton(sys.argv[1], os.environ["SECRET"])
    assert server.get_api_version().get_version() in ("2.0", 2.0)
    life(server)
    recordings(server)
    refused("checksumError", lambda: BigBlueButton(sys.argv[1], "wrong").get_meetings())
    print("the whole life of two meetings")


main()
