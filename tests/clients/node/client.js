// A meeting from its creation to its deleted recording, by the library bbb-promise.
//
// Usage: SECRET=... client.js ADDRESS, where ADDRESS plays a BigBlueButton server.
'use strict';

const assert = require('node:assert/strict');
const bbb = require('bbb-promise');

const ID = 'node one';
const OTHER = 'node two';
const WAIT_MS = 40_000;

async function until(what, look) {
    const end = Date.now() + WAIT_MS;
    while (Date.now() < end) {
        const found = await look();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`not within ${WAIT_MS} ms: ${what}`);
}

async function carriedOut(call) {
    const { response } = await call;
    assert.deepEqual(response.returncode, ['SUCCESS'], JSON.stringify(response));
    return response;
}

async function refused(key, call) {
    const { response } = await call;
    assert.deepEqual(response.returncode, ['FAILED'], JSON.stringify(response));
    assert.deepEqual(response.messageKey, [key]);
}

const listed = (response, group, one) => response[group]?.[0]?.[one] ?? [];

async function life({ administration, monitoring }) {
    const parameters = { attendeePW: 'guest', moderatorPW: 'host', record: true };
    const created = await carriedOut(administration.create('Grüße & more', ID, parameters));
    assert.deepEqual(created.meetingID, [ID]);
    const again = await carriedOut(administration.create('Grüße & more', ID, parameters));
    assert.deepEqual(again.messageKey, ['duplicateWarning']);
    await carriedOut(administration.create('Another', OTHER, {}));

    const running = async () => (await carriedOut(monitoring.isMeetingRunning(ID))).running[0];
    assert.equal(await running(), 'false');
    const page = await fetch(administration.join('Ada Example', ID, 'guest', { userID: '7' }));
    assert.equal(page.status, 200);
    assert.match(await page.text(), /as Ada Example/);
    assert.equal(await running(), 'true');

    const information = await carriedOut(monitoring.getMeetingInfo(ID));
    assert.deepEqual(information.meetingName, ['Grüße & more']);
    assert.deepEqual(information.attendees[0].attendee[0].fullName, ['Ada Example']);
    assert.deepEqual(information.attendees[0].attendee[0].role, ['VIEWER']);
    const ids = async () => {
        const meetings = listed(await carriedOut(monitoring.getMeetings()), 'meetings', 'meeting');
        return meetings.map((one) => one.meetingID[0]).sort();
    };
    assert.deepEqual(await ids(), [ID, OTHER]);

    await carriedOut(administration.end(ID, 'host'));
    await until('it is not listed', async () => (await ids()).join() === OTHER);
    await refused('notFound', monitoring.getMeetingInfo(ID));
    await refused('notFound', administration.end('nothing', 'host'));
    await refused('unsupportedRequest', administration.customCall('explode', {}));
}

async function recordings({ recording }) {
    const found = async (parameters) =>
        listed(await carriedOut(recording.getRecordings(parameters)), 'recordings', 'recording');
    const [one] = await until('the recording', async () => {
        const all = await found({ meetingID: ID });
        return all.length > 0 && all;
    });
    assert.deepEqual(one.meetingID, [ID]);
    const id = one.recordID[0];
    const hidden = await carriedOut(recording.publishRecordings(id, false));
    assert.deepEqual(hidden.published, ['false']);
    await carriedOut(recording.updateRecordings(id, { meta_origin: 'tests' }));
    const [changed] = await found({ recordID: id, state: 'any' });
    assert.deepEqual([changed.published, changed.metadata[0].origin], [['false'], ['tests']]);
    const deleted = await carriedOut(recording.deleteRecordings(id));
    assert.deepEqual(deleted.deleted, ['true']);
    assert.deepEqual(await found({ meetingID: ID }), []);
}

async function main() {
    const address = `${process.argv[2]}/bigbluebutton`;
    const server = bbb.server(address, process.env.SECRET);
    await life(server);
    await recordings(server);
    await refused('checksumError', bbb.server(address, 'wrong').monitoring.getMeetings());
    console.log('the whole life of a meeting');
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
