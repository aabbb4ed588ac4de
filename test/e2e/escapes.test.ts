import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { monitorPath } from '../../src/runtime/native-path.ts'
import { newMachine, skip } from './machine.ts'

/**
 * The published escapes from containers that are a runtime's to prevent. Each is tried as it was published, and told
 * from success by what it would have done on the host: a file there that is read, made, changed or taken away.
 */
test('nothing leads out of a container', { skip }, async t => {
  const machine = await newMachine(t)
  const host = await machine.project('host', { secret: 'of the host', 'kept/file': 'kept' })
  /** The same, for those who see the host's processes and may look into them. */
  const hostByProcess = `/proc/${process.pid}/root${host}`
  const image = makeImage(join(machine.dir, 'image'))
  const links = makeImage(join(machine.dir, 'links'))
  symlinkSync('/proc', join(links, 'to-proc'))
  mkdirSync(join(links, 'etc'))
  writeFileSync(join(links, 'etc/passwd'), '1000:x:0:0::/:/bin/sh\n')
  const container = (...args: string[]) => machine.run(['container', ...args])
  const busy: string[] = []
  machine.defer(() => container('rm', '-f', '-v', ...busy))
  /** What it says in all, whatever becomes of it. */
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await container('run', '--rm', ...args)
    return stdout + stderr
  }
  const start = async (name: string, ...args: string[]) => {
    busy.push(name)
    await machine.ok(['container', 'run', '-d', '--name', name, ...args])
  }
  const logs = (name: string) => machine.ok(['container', 'logs', name])
  const begins = async (name: string) => {
    while (!(await logs(name)).includes('begins')) await sleep(20)
  }

  const before = snapshot(host)
  const unharmed = (what?: string) => {
    assert.deepEqual(snapshot(host), before, what)
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(` ${machine.dir}/(host|image|links)`))
  }

  await t.test('working directories by leaked descriptors (CVE-2024-21626)', async () => {
    await start('exec-target', `rootfs:${image}`, 'sleep', '1000')
    const up = '/../../../../../../../../../..'
    for (const fd of [3, 7, 8, 32, 33, 512, 513]) {
      const [made, entered, execed] = await Promise.all([
        run('-w', `/proc/self/fd/${fd}${up}${host}/made`, `rootfs:${image}`, 'true'),
        run('-w', `/proc/self/fd/${fd}`, `rootfs:${image}`, 'cat', `.${up}${host}/secret`),
        container('exec', '-w', `/proc/self/fd/${fd}`, 'exec-target', 'cat', `.${up}${host}/secret`),
      ])
      assert.doesNotMatch(made + entered + execed.stdout, /of the host/)
      unharmed(`by descriptor ${fd}`)
    }
    const throughLink = hostByProcess.replace('/proc', '/to-proc')
    for (const directory of [`${hostByProcess}/made`, `/proc/${process.pid}/cwd`, `${throughLink}/made`])
      assert.match(await run('--pid', 'host', '-w', directory, `rootfs:${links}`, 'true'), /ELOOP|EACCES/)
    unharmed()
  })

  await t.test('mounts by leaked descriptors, over /proc, and with .. in their places', async () => {
    for (const fd of [7, 512])
      await run('-v', `v1:/dev/fd/${fd}/../../../../../../../..${host}/made/x`, `rootfs:${image}`, 'true')
    unharmed()
    for (const place of ['/proc', '/x/../proc/sys', '/proc/self/fd/5/x'])
      assert.match(await run('-v', `v1:${place}`, `rootfs:${image}`, 'true'), /inside \/proc|RUNTIME_LAUNCH_FAILED/)
    const place = `/../../../..${host}/kept`
    assert.equal(await run('-v', `v1:${place}`, `rootfs:${image}`, 'touch', `${host}/kept/made`), '')
    for (const name of ['../../x', '..', 'a/b'])
      assert.notEqual((await container('run', '--name', name, `rootfs:${image}`)).code, 0)
    assert.notEqual((await machine.run(['volume', 'create', '../../made'])).code, 0)
    unharmed()
  })

  await t.test(
    'the files of who enters: descriptors and the runtime’s program (CVE-2016-9962, CVE-2019-5736)',
    async () => {
      const program = () => createHash('sha256').update(readFileSync(monitorPath())).digest('hex')
      const original = program()
      await start(
        'lurker',
        '--cap-add',
        'SYS_PTRACE',
        `rootfs:${image}`,
        '/attack',
        'lurk',
        `${host}/secret`,
        'of the host',
      )
      await begins('lurker')
      for (let i = 0; i < 8; i++) {
        assert.equal((await container('exec', 'lurker', 'true')).code, 0)
        await container('exec', 'lurker', '/entry') // #!/proc/self/exe: the program that enters runs itself
      }
      assert.equal(await run('--pid', 'container:lurker', `rootfs:${image}`, 'true'), '')
      assert.equal(await logs('lurker'), 'begins\n')
      assert.equal(program(), original)
      await container('exec', 'lurker', 'sh', '-c', 'for p in 1 self; do echo x > /proc/$p/exe; done')
      assert.equal(program(), original)
      await machine.ok(['container', 'kill', 'lurker'])
      unharmed()
    },
  )

  await t.test('rights of who enters, for those who trace it', async () => {
    await start('tracer', '--cap-add', 'SYS_PTRACE', `rootfs:${image}`, '/attack', 'seize', '.', '.')
    await begins('tracer')
    for (let i = 0; i < 8 || !(await logs('tracer')).includes('seized'); i++)
      assert.equal((await container('exec', 'tracer', 'true')).code, 0)
    assert.doesNotMatch(await logs('tracer'), /capabilities/)
    await machine.ok(['container', 'kill', 'tracer'])
  })

  await t.test('files of the host by way of its processes, for those who see them', async () => {
    await start('observer', '--pid', 'host', `rootfs:${links}`, 'sleep', '1000')
    const swap = 'rm /dev/null && ln -s $0/secret /dev/null'
    await machine.ok(['container', 'exec', 'observer', 'sh', '-c', swap, hostByProcess])
    // Standard input is nothing, and that the container has exchanged.
    assert.doesNotMatch((await container('exec', 'observer', 'cat')).stdout, /of the host/)
    const fifo = 'rm /dev/null && mkfifo /dev/null'
    await machine.ok(['container', 'exec', '-i', 'observer', 'sh', '-c', fifo])
    await machine.ok(['container', 'exec', 'observer', 'true'])
    symlinkSync(hostByProcess, join(links, 'to-host'))
    for (const place of ['/to-host/made', '/to-host/kept/made', `${hostByProcess}/made`])
      await run('--pid', 'host', '--device', `/dev/zero:${place}`, `rootfs:${links}`, 'true')
    unharmed()
    await machine.ok(['container', 'kill', 'observer'])
  })

  await t.test('links that change under a mount, a subpath and a copy (CVE-2021-30465, CVE-2018-15664)', async () => {
    const exchange = 'mkdir /vol/d; echo of the volume > /vol/d/secret; ln -s ../../../../../../../../../../$0 /vol/l'
    const script = `${exchange}; cd /vol; exec /attack exchange d l`
    await start('swapper', '-v', 'shared:/vol', `rootfs:${image}`, 'sh', '-c', script, host)
    await begins('swapper')
    const subpath = 'type=volume,source=shared,target=/m,volume-subpath=d'
    for (let i = 0; i < 6; i++) {
      const outputs = await Promise.all([
        run('-v', 'shared:/vol', '-v', 'v1:/vol/d/x', `rootfs:${image}`, 'sh', '-c', 'touch /vol/d/x/made'),
        run('--mount', subpath, `rootfs:${image}`, 'sh', '-c', 'cat /m/secret; touch /m/made'),
        container('cp', 'swapper:/vol/d/secret', '-').then(({ stdout }) => stdout),
        container('cp', '/etc/hostname', 'swapper:/vol/d/made').then(({ stdout }) => stdout),
        container('cp', '/etc/hostname', 'swapper:/vol/l/made').then(({ stdout }) => stdout),
      ])
      assert.doesNotMatch(outputs.join(), /of the host/)
      unharmed(`in round ${i}`)
    }
  })

  await t.test(
    'links of an image at /proc, /sys, /dev and as files that are read for it (CVE-2019-19921, CVE-2023-27561)',
    async () => {
      for (const name of ['proc', 'sys', 'dev']) {
        const hostile = makeImage(join(machine.dir, `link-${name}`))
        symlinkSync(`../../../../../../../..${host}`, join(hostile, name))
        assert.match(await run(`rootfs:${hostile}`, 'true'), /ELOOP/)
      }
      const hostile = makeImage(join(machine.dir, 'link-etc'))
      mkdirSync(join(hostile, 'etc'))
      for (const name of ['hosts', 'hostname', 'resolv.conf', 'passwd', 'group'])
        symlinkSync(`../../../../../../../..${host}/secret`, join(hostile, 'etc', name))
      await run('-u', 'nobody', `rootfs:${hostile}`, 'true')
      await run(`rootfs:${hostile}`, 'sh', '-c', 'for f in hosts hostname resolv.conf; do echo x > /etc/$f; done')
      unharmed()
    },
  )

  await t.test('a user that is a number is no name of the image’s (CVE-2016-3697)', async () => {
    assert.match(await run('-u', '1000', `rootfs:${links}`, 'id', '-u'), /^1000$/m)
  })

  await t.test(
    'a /dev of the container’s own, for the terminal and the masks (CVE-2025-31133, CVE-2025-52565)',
    async () => {
      const core = readFileSync('/proc/sys/kernel/core_pattern', 'utf8')
      const dev = join(machine.dir, 'dev')
      mkdirSync(join(dev, 'pts'), { recursive: true })
      for (const name of ['null', 'console', 'ptmx', 'pts/0', 'pts/ptmx', 'tty'])
        symlinkSync('/proc/sys/kernel/core_pattern', join(dev, name))
      const script =
        'for f in /dev/console /dev/null /dev/pts/0 /proc/sys/kernel/core_pattern; do echo "|/escaped" > $f; done; cat /proc/timer_list'
      for (const terminal of [[], ['-t']]) {
        const said = await run(...terminal, '-v', `${dev}:/dev`, `rootfs:${image}`, 'sh', '-c', script)
        assert.doesNotMatch(said, /Timer List/)
        assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), core)
      }
    },
  )

  await t.test('a release agent, in cgroups that are there or mounted anew (CVE-2022-0492)', async () => {
    const script = `
      agent() { echo "$0/made" > $1/release_agent && mkdir $1/x && echo 1 > $1/x/notify_on_release && sh -c "echo \\$\\$ > $1/x/cgroup.procs"; }
      for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,rw $d; agent $d; done
      mkdir -p /tmp/c; mount -t cgroup -o memory c /tmp/c && agent /tmp/c
      unshare -Urm sh -c 'mount -t cgroup -o memory c /tmp/c && echo "$0/made" > /tmp/c/release_agent' "$0"; true`
    for (const seccomp of [[], ['--security-opt', 'seccomp=unconfined']]) {
      await run(...seccomp, `rootfs:${image}`, 'sh', '-c', script, host)
      unharmed()
    }
  })

  await t.test('sockets without a file, on the host’s network (CVE-2020-15257)', async () => {
    const abstract = await run('--network', 'host', `rootfs:${image}`, 'grep', '@', '/proc/net/unix')
    assert.doesNotMatch(abstract, /tscompose|shim|monitor/)
  })

  await t.test('capabilities that files could inherit (CVE-2022-29162)', async () => {
    assert.equal(
      (await container('exec', 'exec-target', 'grep', 'CapInh', '/proc/self/status')).stdout,
      'CapInh:\t0000000000000000\n',
    )
  })

  await t.test('files of the data root are not for other users of the machine (CVE-2021-41091)', () => {
    const data = join(machine.dir, 'data')
    for (const name of readdirSync(data, { withFileTypes: true }).filter(entry => entry.isDirectory()))
      assert.equal(statSync(join(data, name.name)).mode & 0o007, 0, name.name)
  })

  await t.test('a build: mountpoints that are links when they are cleared away (CVE-2024-23652)', async () => {
    const up = `../../../../../../../../../..${host}`
    const attempts = [
      `WORKDIR /proc/self/fd/512/${up}/made`,
      `RUN --mount=type=cache,target=/a/kept rm -rf /a; ln -s ${up} /a`,
      `RUN --mount=type=tmpfs,target=/b/file rm -rf /b; ln -s ${up}/kept /b`,
      `RUN ln -s ${up} /c\nRUN --mount=type=bind,source=bin,target=/c/made true\nCOPY bin /c/kept`,
      `RUN ln -s ${up} /d\nWORKDIR /d/made\nRUN touch made`,
    ]
    const services = attempts.map((attempt, n) => [
      `s${n}`,
      { build: { context: image, dockerfile_inline: `FROM scratch\nCOPY bin /bin\n${attempt}\n` } },
    ])
    const cwd = await machine.project('builds', {
      'compose.yaml': JSON.stringify({ services: Object.fromEntries(services) }),
    })
    for (const [n, attempt] of attempts.entries()) {
      const { stdout, stderr } = await machine.run(['build', `s${n}`], { cwd })
      assert.match(stdout + stderr, /COPY bin/)
      unharmed(attempt)
    }
  })
})

/** A root with busybox, the attacker's program and a script that has whoever enters run itself. */
function makeImage(directory: string): string {
  mkdirSync(join(directory, 'bin'), { recursive: true })
  copyFileSync('/usr/bin/busybox', join(directory, 'bin/busybox'))
  for (const applet of execFileSync('/usr/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (applet !== 'busybox') symlinkSync('busybox', join(directory, 'bin', applet))
  const source = fileURLToPath(new URL('isolation/attack.c', import.meta.url))
  execFileSync('cc', ['-static', '-O1', '-w', '-o', join(directory, 'attack'), source])
  writeFileSync(join(directory, 'entry'), '#!/proc/self/exe\n')
  chmodSync(join(directory, 'entry'), 0o755)
  return directory
}

/** Every file beneath, with all that an attack could change of it. */
function snapshot(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, uid, gid } = statSync(path)
    found[path] = `${mode.toString(8)} ${uid}:${gid} ${entry.isFile() ? readFileSync(path, 'utf8') : ''}`
  }
  return found
}
