import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCleanMappings, trimProgram } from '../../src/engine/daemon/trim.ts'

const mapping = (range: string, permissions: string, path: string, dirty = 0) =>
  `${range} ${permissions} 00000000 fe:00 42                         ${path}
Size:                 64 kB
Rss:                  64 kB
Shared_Dirty:          0 kB
Private_Dirty:      ${dirty} kB
Anonymous:          ${dirty} kB
Locked:                0 kB
VmFlags: rd ex mr mw me
`

test('only clean mappings of the program itself are given back', () => {
  const smaps = [
    mapping('400000-500000', 'r--p', '/opt/node/bin/node'),
    mapping('500000-900000', 'r-xp', '/opt/node/bin/node'),
    mapping('900000-a00000', 'r--p', '/opt/node/bin/node', 120), // relocated
    mapping('a00000-b00000', 'rw-p', '/opt/node/bin/node'),
    mapping('7f0000000000-7f0000100000', 'r-xp', '/usr/lib/libc.so.6'),
    mapping('7f0000200000-7f0000300000', 'rw-p', '[heap]', 64),
  ].join('')
  assert.deepEqual(parseCleanMappings(smaps, '/opt/node/bin/node'), [
    { start: 0x400000, end: 0x500000 },
    { start: 0x500000, end: 0x900000 },
  ])
})

const residentOfProgram = async () => {
  const smaps = await readFile('/proc/self/smaps', 'utf8')
  const blocks = smaps
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter(block => block.split('\n')[0]?.endsWith(process.execPath))
  return blocks.reduce((sum, block) => sum + Number(/^Rss: +(\d+)/m.exec(block)?.[1]), 0)
}

test('a process that has given back its pages goes on', async () => {
  const before = await residentOfProgram()
  await trimProgram()
  const after = await residentOfProgram()
  assert.ok(after < before * 0.7, `${before} kB before, ${after} kB after`)
  assert.equal(JSON.parse(JSON.stringify({ a: [1, /x/.test('x')] })).a[1], true)
  assert.equal(await sleep(1, 'later'), 'later')
})
