// A client of the registry package omron-fins (MIT): writes, when words are given, and reads.
// usage: node omron_fins_client.js udp|tcp PORT ADDRESS COUNT [WORDS]
// WORDS and the answer are JSON lists. The package is found through NODE_PATH.
'use strict';
const fins = require('omron-fins');

const [protocol, port, address, count, words] = process.argv.slice(2);
const nodes = protocol === 'udp' ? { SA1: 1, DA1: 2 } : {};
const client = fins.FinsClient(
    Number(port),
    '127.0.0.1',
    { protocol, timeout: 3000, MODE: 'CS', ...nodes },
    true,
);

function end(text, code) {
    (code === 0 ? console.log : console.error)(text);
    client.disconnect();
    process.exit(code);
}

function read() {
    client.read(`D${address}`, Number(count), (error, answer) => {
        if (error) return end(`read: ${error}`, 1);
        // It takes words as signed.
        const values = Array.from(answer.response.values, (word) => word & 0xffff);
        return end(JSON.stringify(values), 0);
    });
}

function begin() {
    if (words === undefined) return read();
    return client.write(`D${address}`, JSON.parse(words), (error) => {
        if (error) return end(`write: ${error}`, 1);
        return read();
    });
}

let isBegun = false;
client.on('error', (error) => end(`error: ${error && error.message}`, 1));
client.on('open', () => {
    if (isBegun) return;
    isBegun = true;
    // It says that it is open before it takes itself for connected.
    setImmediate(begin);
});
