import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { MountSpec } from '../../src/runtime/spec.ts'
import { Bench, skip } from './container-bench.ts'

const bind = (
  source: string,
  destination: string,
  more: Partial<Extract<MountSpec, { type: 'bind' }>> = {},
): MountSpec => ({
  type: 'bind',
  source,
  destination,
  readonly: false,
  ...more,
})

suite('mounts of a container', { skip, concurrency: 2 }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.make()
  })
  after(() => bench[Symbol.asyncDispose]())

  /** A root with more in it than busybox. */
  const rootWith = (name: string, build: (directory: string) => void) => {
    const directory = bench.directory(name)
    build(directory)
    return { ...bench.spec('').root, lowerdirs: [directory, bench.rootfs] }
  }

  test('a directory of the host is written to', async () => {
    const source = bench.directory('data')
    await bench.print('echo hello > /srv/data/file', { mounts: [bind(source, '/srv/data')] })
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'hello\n')
  })

  test('a read-only one is not, nor is what is mounted below it', async () => {
    const source = bench.directory('data-ro')
    const mounts = [bind(source, '/data', { readonly: true }), bind('/proc', '/host-proc', { readonly: true })]
    const script = '(echo x > /data/file) 2>&1; (echo 1 > /host-proc/sys/kernel/printk_delay) 2>&1; true'
    assert.equal((await bench.print(script, { mounts })).match(/Read-only file system/g)?.length, 2)
  })

  test('of a read-only one, what is mounted below it stays writable where that is asked for', async () => {
    const outer = bench.directory('data-top')
    mkdirSync(join(outer, 'inner'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'inner', join(outer, 'inner')])
    assert.equal(mounted.status, 0, String(mounted.stderr))
    try {
      const mounts = [bind(outer, '/data', { readonly: true, readonlySubmounts: false })]
      const script = '(echo x > /data/file) 2>/dev/null || echo outer is read-only; echo written > /data/inner/file'
      assert.equal(await bench.print(script, { mounts }), 'outer is read-only')
      assert.equal(readFileSync(join(outer, 'inner/file'), 'utf8'), 'written\n')
    } finally {
      spawnSync('umount', [join(outer, 'inner')])
    }
  })

  test('a file is mounted on a file, which is made where the image lacks it', async () => {
    const source = join(bench.base, 'resolv.conf')
    writeFileSync(source, 'nameserver 127.0.0.11\n')
    const mounts = [bind(source, '/etc/resolv.conf', { readonly: true })]
    assert.equal(
      await bench.print('cat /etc/resolv.conf; (echo x > /etc/resolv.conf) 2>/dev/null || echo no', { mounts }),
      'nameserver 127.0.0.11\nno',
    )
  })

  test("a link of the image to somewhere that does not exist leads there, within the container's root", async () => {
    const source = join(bench.base, 'stub')
    writeFileSync(source, 'stub\n')
    const root = rootWith('dangling', directory => {
      mkdirSync(`${directory}/etc`)
      symlinkSync('/run/systemd/resolve/stub', `${directory}/etc/resolv.conf`)
    })
    assert.equal(
      await bench.print('cat /run/systemd/resolve/stub', { root, mounts: [bind(source, '/etc/resolv.conf')] }),
      'stub',
    )
  })

  test('no link of the image leads a mount out of it', async () => {
    const outside = bench.directory('outside')
    const source = bench.directory('inside')
    writeFileSync(join(source, 'file'), '')
    const root = rootWith('escaping', directory => {
      symlinkSync(`../../../../../../..${outside}`, `${directory}/up`)
      symlinkSync(outside, `${directory}/absolute`)
    })
    const mounts = [bind(source, '/up'), bind(bench.directory('other'), '/absolute/x')]
    assert.equal(
      await bench.print(`ls ${outside} ${outside}/x`, { root, mounts }),
      `${outside}:\nfile\nx\n\n${outside}/x:`,
    )
    assert.ok(!existsSync(join(outside, 'x')))
  })

  test('no link of the image leads a mount into procfs', async () => {
    const source = bench.directory('fake-proc')
    const root = rootWith('proc-link', directory => symlinkSync('/proc', `${directory}/data`))
    assert.equal(
      await bench.print('ls -d /proc/1 && touch /data/x 2>/dev/null || echo real', {
        root,
        mounts: [bind(source, '/data')],
      }),
      '/proc/1\nreal',
    )
  })

  test('outer mounts come before inner ones, in whatever order they are given', async () => {
    const [outer, inner] = [bench.directory('outer'), bench.directory('inner')]
    writeFileSync(join(inner, 'i'), '')
    assert.equal(
      await bench.print('ls /a/b/c /a', { mounts: [bind(inner, '/a/b/c'), bind(outer, '/a')] }),
      '/a:\nb\n\n/a/b/c:\ni',
    )
  })

  test('a tmpfs has its size and mode, and is not to be executed unless it says so', async () => {
    const tmpfs = (destination: string, ...options: string[]) =>
      ({ type: 'tmpfs', destination, readonly: false, options }) as const
    const mounts = [tmpfs('/small', 'size=64k', 'mode=700'), tmpfs('/exec', 'exec')]
    const shown = await bench.print("grep -E ' /(small|exec) ' /proc/mounts; stat -c %a /small", { mounts })
    assert.match(shown, /\/small tmpfs rw,nosuid,nodev,noexec,relatime,size=64k,mode=700/)
    assert.match(shown, /\/exec tmpfs rw,nosuid,nodev,relatime/)
    assert.match(shown, /^700$/m)
  })

  test('mounts beneath /dev and /sys are put over what is there', async () => {
    const source = bench.directory('shm')
    writeFileSync(join(source, 'mine'), '')
    const mounts = [bind(source, '/dev/shm'), bind(source, '/dev/extra'), bind(source, '/sys/fs/cgroup')]
    assert.equal(await bench.print('ls /dev/shm /dev/extra /sys/fs/cgroup | grep -c mine', { mounts }), '3')
  })

  test('/dev/shm has the size that was asked for', async () => {
    assert.match(await bench.print('df -k /dev/shm', { shmSize: 3 << 20 }), /\s3072\s/)
  })

  test('nothing of it is seen by the host', async () => {
    const source = bench.directory('seen')
    const { spec } = await bench.start('sleep 100', { mounts: [bind(source, '/x', { propagation: 'rshared' })] })
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(bench.base))
    await bench.runtime.release(spec.id)
  })

  test('a container that shares an ipc namespace shares /dev/shm', async () => {
    const { container, spec } = await bench.start('echo shared > /dev/shm/file; sleep 100')
    const namespaces = {
      pid: 'private',
      ipc: { path: `/proc/${container.pid}/ns/ipc` },
      uts: 'private',
      cgroup: 'host',
      network: 'host',
    } as const
    const script = 'until [ -s /dev/shm/file ]; do :; done; cat /dev/shm/file; readlink /proc/self/ns/ipc'
    const shown = await bench.print(script, { namespaces })
    assert.equal(shown.split('\n')[0], 'shared')
    await bench.runtime.release(spec.id)
  })
})
