import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { atTerminal, imageArchives, newMachine, root, skip } from './machine.ts'

const FIRST = 300_000

test('userns-remap: root of a container is nobody on the host', { skip }, async t => {
  const machine = await newMachine(t, { 'userns-remap': 'boxes' })
  machine.defer(() => machine.run(['container', 'rm', '-f', '-v', 'one', 'host']))
  const host = await machine.project('host', { 'root/file': 'of root', 'open/file': 'of ann' })
  await chown(join(host, 'open'), FIRST + 1000, FIRST + 1000)
  const image = await makeImage(join(machine.dir, 'image'))
  const ids = join(machine.dir, 'ids')
  writeFileSync(ids, `# whose ids\nboxes:${FIRST}:65536\n`)
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await machine.run(['container', 'run', '--rm', ...args])
    return (stdout + stderr).trimEnd()
  }
  const inspected = async (name: string, format: string) =>
    (await machine.ok(['container', 'inspect', '-f', format, name])).trim()

  await t.test('without ids for the user the engine does not start, and says what to do', async () => {
    const { stderr } = await machine.run(['engine', 'start'])
    assert.match(stderr, /"userns-remap": \/etc\/sub.id has no ids for "boxes"/)
    assert.match(stderr, /echo 'boxes:231072:65536' >>/)
  })

  /** With an /etc/subuid and an /etc/subgid that nobody else on the machine sees. */
  const startEngine = () =>
    execFileSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        `for f in subuid subgid; do mount --bind ${ids} /etc/$f; done; exec ${root}/bin/tscompose engine start`,
      ],
      { env: machine.env, stdio: 'pipe' },
    )
  startEngine()

  await t.test('inside it is root of all that is its own; the host’s are nobody’s', async () => {
    const script =
      'id -u; awk "{print \\$1, \\$2}" /proc/self/uid_map; stat -c "%u:%g %n" / /of-root /of-ann /dev /dev/shm /etc/hosts /host/file'
    assert.equal(
      await run('-v', `${host}/root:/host`, `rootfs:${image}`, 'sh', '-c', script),
      `0\n0 ${FIRST}\n0:0 /\n0:0 /of-root\n1000:1000 /of-ann\n0:0 /dev\n0:0 /dev/shm\n0:0 /etc/hosts\n65534:65534 /host/file`,
    )
    const does =
      'chown 5:6 /of-root && touch /x /dev/shm/x && echo x >> /etc/hosts && echo out > /dev/stdout && mkdir -m 700 /own && stat -c %u:%g /of-root'
    assert.equal(await run(`rootfs:${image}`, 'sh', '-c', does), 'out\n5:6')
    assert.equal(statSync(join(image, 'of-root')).uid, 0)
    assert.equal(
      await run('-u', '1000:1000', `rootfs:${image}`, 'sh', '-c', 'id -u; touch /of-ann/x && echo x > /dev/stdout'),
      '1000\nx',
    )
    assert.equal(await run('rootfs:/', 'stat', '-c', '%u', '/etc/passwd'), '0')
  })

  await t.test('of the host it has no rights', async () => {
    const flags = ['-v', `${host}/root:/host`, '-v', `${host}/open:/open`]
    const script =
      'cat /host/file; echo x > /host/file; chmod 777 /host; mknod /null c 1 3; echo x > /proc/sys/kernel/domainname'
    const said = await run(
      ...flags,
      '--cap-add',
      'ALL',
      '--security-opt',
      'seccomp=unconfined',
      `rootfs:${image}`,
      'sh',
      '-c',
      script,
    )
    assert.equal(said.match(/denied|not permitted|Read-only/g)?.length, 4, said)
    assert.equal(readFileSync(join(host, 'root/file'), 'utf8'), 'of root')
    // What belongs to its ids on the host is its own.
    assert.equal(
      await run(...flags, '-u', '1000', `rootfs:${image}`, 'sh', '-c', 'touch /open/x && stat -c %u /open/x'),
      '1000',
    )
    assert.equal(statSync(join(host, 'open/x')).uid, FIRST + 1000)
  })

  await t.test('seen from outside: its processes, those that join it, and a terminal', async () => {
    await machine.ok([
      'container',
      'run',
      '-d',
      '--name',
      'one',
      '-v',
      'shared:/data',
      `rootfs:${image}`,
      'sleep',
      '1000',
    ])
    const pid = await inspected('one', '{{.State.Pid}}')
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    for (const each of [pid, child]) {
      assert.match(
        readFileSync(`/proc/${each}/status`, 'utf8'),
        new RegExp(`^Uid:\t${FIRST}\t${FIRST}\t${FIRST}\t${FIRST}$`, 'm'),
      )
      assert.notEqual(readlinkSync(`/proc/${each}/ns/user`), readlinkSync('/proc/self/ns/user'))
    }
    assert.equal(
      await machine.ok([
        'container',
        'exec',
        'one',
        'sh',
        '-c',
        'id -u; cat /proc/self/uid_map | wc -l; touch /data/of-root; chown 7 /data/of-root',
      ]),
      '0\n1\n',
    )
    assert.match(
      await machine.ok(['container', 'exec', '-u', '1000', 'one', 'grep', 'Uid', '/proc/self/status']),
      /1000/,
    )
    await machine.ok(['container', 'cp', '/etc/hostname', 'one:/copied'])
    assert.match(await machine.ok(['container', 'exec', 'one', 'stat', '-c', '%u:%g', '/copied']), /^0:0$/m)
    const { stdout } = await machine.run(['container', 'cp', 'one:/of-ann', '-'])
    assert.match(stdout.slice(100, 124), /^\d+\0?0*1750\0/)
    const command = `${root}/bin/tscompose container exec -it one sh -c 'tty; stat -c %u $(tty)'`
    const { stdout: shown } = await atTerminal(command, machine)
    assert.match(shown, /\/dev\/pts\/0\s+0\s/)
  })

  await t.test('--userns=host opts out; a volume has the same owners in both', async () => {
    const see = ['sh', '-c', 'awk "{print \\$2}" /proc/self/uid_map; stat -c %u /data/of-root']
    assert.equal(await run('--userns', 'host', '-v', 'shared:/data', `rootfs:${image}`, ...see), '0\n7')
    assert.equal(await run('-v', 'shared:/data', `rootfs:${image}`, ...see), `${FIRST}\n7`)
    const yaml = `services: {host: {image: 'rootfs:${image}', userns_mode: host, command: [cat, /proc/self/uid_map]}}`
    const cwd = await machine.project('compose', { 'compose.yaml': yaml })
    assert.match((await machine.run(['run', '--rm', 'host'], { cwd })).stdout, /^\s+0\s+0\s+4294967295/)
    await machine.ok(['down'], { cwd })
  })

  await t.test('build steps are in it, too; what is built or committed has the owners of the container', async () => {
    await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
    machine.defer(() => machine.run(['container', 'rm', '-f', 'changed']))
    const context = await machine.project('context', {
      secret: 'of the build',
      Dockerfile: [
        'FROM busybox',
        `RUN awk '{print $1, $2}' /proc/self/uid_map > /map && touch /made && chown 5:6 /made && echo x >> /etc/hosts`,
        'RUN --mount=type=secret,id=s cp /run/secrets/s /told',
        'RUN --mount=type=cache,target=/cache touch /cache/mine && chown 7:8 /cache/mine',
        'RUN --mount=type=cache,target=/cache stat -c %u:%g /cache/mine > /cached',
      ].join('\n'),
    })
    await machine.ok(['image', 'build', '-q', '--secret', `id=s,src=${context}/secret`, '-t', 'built', context])
    const script = 'cat /map /told /cached; stat -c %u:%g /made'
    assert.equal(await run('--userns=host', 'built', 'sh', '-c', script), `0 ${FIRST}\nof the build7:8\n5:6`)
    await machine.ok(['container', 'run', '--name', 'changed', 'busybox', 'sh', '-c', 'touch /mine; chown 9:10 /mine'])
    await machine.ok(['container', 'commit', 'changed', 'committed'])
    for (const users of ['', 'host'])
      assert.equal(await run(`--userns=${users}`, 'committed', 'stat', '-c', '%u:%g', '/mine'), '9:10')
  })

  await t.test('what needs rights over the host is refused, unless it opts out', async () => {
    for (const [flags, message] of [
      [['--privileged'], /privileged mode is incompatible with user namespaces/],
      [['--network', 'host'], /cannot share the host's network namespace when user namespaces are enabled/],
      [['--pid', 'host'], /cannot share the host PID namespace when user namespaces are enabled/],
    ] as const) {
      assert.match(await run(...flags, `rootfs:${image}`, 'true'), message)
      assert.equal(await run(...flags, '--userns', 'host', `rootfs:${image}`, 'true'), '')
    }
    assert.match(await machine.ok(['system', 'info']), /userns/)
  })

  await t.test('the next engine joins it as before', async () => {
    await machine.ok(['engine', 'stop'])
    startEngine()
    assert.equal(await machine.ok(['container', 'exec', 'one', 'id', '-u']), '0\n')
    assert.equal(
      await run('--pid', 'container:one', `rootfs:${image}`, 'sh', '-c', 'id -u; kill -0 2 && echo signals'),
      '0\nsignals',
    )
  })
})

/** A root with busybox, and files of two users. */
async function makeImage(directory: string): Promise<string> {
  mkdirSync(join(directory, 'bin'), { recursive: true })
  mkdirSync(join(directory, 'of-ann'))
  copyFileSync('/usr/bin/busybox', join(directory, 'bin/busybox'))
  for (const applet of execFileSync('/usr/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (applet !== 'busybox') symlinkSync('busybox', join(directory, 'bin', applet))
  writeFileSync(join(directory, 'of-root'), '')
  await chown(join(directory, 'of-ann'), 1000, 1000)
  return directory
}
