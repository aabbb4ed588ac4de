import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startArchive } from '../../src/engine/archive/archive-process.ts'
import { decodeChanges, encodeChanges } from '../../src/engine/archive/change-lines.ts'
import { linux } from '../../src/sys/kernel.ts'

const skip = process.getuid?.() !== 0 && 'needs root'

describe('the changes of a writable layer', { skip }, () => {
  let root: string
  before(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'tsc-changes-'))
  })
  after(() => fs.rmSync(root, { recursive: true, force: true }))

  const at = (...names: string[]) => join(root, ...names)
  const write = (path: string, text = '') => {
    fs.mkdirSync(dirname(path), { recursive: true })
    fs.writeFileSync(path, text)
    fs.utimesSync(path, 1000, 1000)
  }
  const whiteout = (path: string) => {
    fs.mkdirSync(dirname(path), { recursive: true })
    linux.mknodat(-100, path, 0o020000, 0)
  }
  const opaque = (path: string) => {
    fs.mkdirSync(path, { recursive: true })
    linux.lsetxattr(path, 'trusted.overlay.opaque', Buffer.from('y'), 1, 0)
  }
  /** As `docker diff` prints them. */
  const changes = async (name: string, lowerdirs: string[]) => {
    const { output, done } = startArchive(
      {
        type: 'changes',
        root: { writableLayer: at(name), lowerdirs: lowerdirs.map(lower => at(name, lower)), readonly: false },
      },
      ({ message }) => assert.fail(message) as never,
    )
    const [found] = await Promise.all([decodeChanges(output), done])
    return found.map(({ Kind, Path }) => `${'CAD'[Kind]} ${Path}`)
  }

  test('are what was added, modified and deleted, each directory before what is in it', async () => {
    for (const name of ['etc/passwd', 'etc/group', 'usr/bin/a', 'usr/lib', 'gone/x']) write(at('kinds/low', name), 'x')
    write(at('kinds/upper/etc/passwd'), 'xy')
    write(at('kinds/upper/etc/group'), 'x') // copied up, and not changed
    write(at('kinds/upper/usr/bin/b'))
    whiteout(at('kinds/upper/usr/lib'))
    whiteout(at('kinds/upper/gone'))
    write(at('kinds/upper/a-b'))
    write(at('kinds/upper/a/c'))
    assert.deepEqual(
      await changes('kinds', ['low']),
      ['A /a', 'A /a/c', 'A /a-b', 'C /etc', 'C /etc/passwd', 'D /gone', 'C /usr', 'C /usr/bin', 'A /usr/bin/b'].concat(
        'D /usr/lib',
      ),
    )
  })

  test('are told from the layers below as they are seen together', async () => {
    write(at('layers/low/d/old'))
    write(at('layers/low/d/kept'))
    write(at('layers/low/w'))
    whiteout(at('layers/mid/w'))
    opaque(at('layers/mid/e'))
    write(at('layers/low/e/hidden'))
    write(at('layers/upper/w'))
    write(at('layers/upper/e/hidden'))
    opaque(at('layers/upper/d'))
    write(at('layers/upper/d/kept'))
    write(at('layers/upper/d/new'))
    assert.deepEqual(await changes('layers', ['mid', 'low']), [
      ...['C /d', 'A /d/new', 'D /d/old'],
      ...['C /e', 'A /e/hidden', 'A /w'],
    ])
  })

  test('are modes, owners and capabilities, too, but not the time of a directory', async () => {
    for (const name of ['mode', 'owner', 'caps', 'same/x']) {
      write(at('inodes/low', name))
      write(at('inodes/upper', name))
    }
    fs.chmodSync(at('inodes/upper/mode'), 0o4755)
    fs.chownSync(at('inodes/upper/owner'), 1, 1)
    const capability = Buffer.from('0000000200200000000000000000000000000000', 'hex')
    linux.lsetxattr(at('inodes/upper/caps'), 'security.capability', capability, capability.length, 0)
    assert.deepEqual(await changes('inodes', ['low']), ['C /caps', 'C /mode', 'C /owner'])
  })

  test('know names that are no UTF-8, follow no link, and leave out what is only there to be mounted on', async () => {
    const latin = (path: string) => Buffer.from(path, 'latin1')
    for (const layer of ['low', 'upper']) fs.mkdirSync(at('names', layer), { recursive: true })
    fs.writeFileSync(latin(at('names/low/caf\xe9')), 'x')
    fs.writeFileSync(latin(at('names/upper/caf\xe9')), 'longer')
    fs.symlinkSync('/', at('names/upper/link'))
    for (const name of ['proc/x', 'dev/pts/y', 'etc/hosts', '.dockerenv']) write(at('names/upper', name))
    write(at('names/upper/etc/hostname'), 'by hand')
    assert.deepEqual(await changes('names', ['low']), ['C /caf\ufffd', 'A /etc', 'A /etc/hostname', 'A /link'])
  })
})

test('changes cross from one process to the other however they are cut', async () => {
  const sent = [
    { kind: 'modified', path: '/etc' },
    { kind: 'deleted', path: Buffer.from('/über').toString('latin1') },
  ] as const
  const bytes = Buffer.concat([...encodeChanges(sent)])
  async function* cut() {
    for (const byte of bytes) yield Buffer.from([byte])
  }
  assert.deepEqual(await decodeChanges(cut()), [
    { Path: '/etc', Kind: 0 },
    { Path: '/über', Kind: 2 },
  ])
})
