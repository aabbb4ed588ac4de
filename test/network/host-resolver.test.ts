import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

// The host's own resolv.conf is read by both threads of the network layer, so the whole process gets another one.

test('names of others are asked of the host’s resolvers as they are at the moment', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, () => {
  const dir = mkdtempSync(join(tmpdir(), 'host-resolver-'))
  try {
    const conf = join(dir, 'resolv.conf')
    writeFileSync(conf, '')
    const script = `mount --bind ${conf} /etc/resolv.conf && mkdir -p /run/systemd && mount -t tmpfs none /run/systemd &&
      mkdir /run/systemd/resolve && exec ${process.execPath} ${new URL('host-resolver.ts', import.meta.url).pathname}`
    const { status, stderr } = spawnSync('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    assert.equal(status, 0, stderr)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
