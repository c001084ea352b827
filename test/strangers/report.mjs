// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// How every check here reports: one line, which run.sh counts.

import fs from 'node:fs';

// check runs one check. It never throws, so that one failure hides no other.
export async function check(name, body) {
  try {
    await body();
    console.log(`ok       ${name}`);
  } catch (e) {
    process.exitCode = 1;
    console.log(`FAIL     ${name}: ${e.message.split('\n')[0]}`);
    console.error(e);
  }
}

export const readJSON = path => JSON.parse(fs.readFileSync(path, 'utf8'));
