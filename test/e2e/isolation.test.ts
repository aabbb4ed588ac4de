import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { capabilitiesIn, capabilityLine } from '../../src/runtime/capabilities.ts'
import { splitDeviceNumber } from '../../src/runtime/device-node.ts'
import { compileProber, expected, guarded, parseAnswers } from './isolation/syscalls.ts'
import { newMachine, skip } from './machine.ts'

/** Docker's defaults, looked at from inside of containers that the commands of a user have made. */
test('what a container can do and see', { skip }, async t => {
  const machine = await newMachine(t)
  const probe = await machine.project('probe', {})
  machine.defer(() => machine.run(['container', 'rm', '-f', 'idle']))
  /** What a shell in a new container writes, its complaints included. */
  const inside = async (script: string, ...flags: string[]) => {
    const args = ['container', 'run', '--rm', '-v', `${probe}:/probe:ro`, ...flags, 'rootfs:/', 'sh', '-c']
    const { stdout, stderr } = await machine.run([...args, `exec 2>&1; ${script}`], { env: { HOST_SECRET: 'told' } })
    assert.equal(stderr, '')
    return stdout.trimEnd()
  }
  await machine.project('probe', { 'deny-mkdir.json': JSON.stringify(profileWithoutMkdir) })
  const prober = `/probe/${compileProber(probe)}`
  const answers = async (...flags: string[]) => parseAnswers(await inside(prober, ...flags))
  const refusedIn = (all: ReadonlyMap<string, string>) =>
    [...all].filter(([, answer]) => answer === 'EPERM').map(([name]) => name)
  const available = capabilitiesIn(capabilityLine(readFileSync('/proc/self/status', 'utf8'), 'CapPrm'))

  await t.test("system calls: each that Docker's profile blocks is refused, the others are not", async () => {
    assert.deepEqual(Object.fromEntries(await answers()), Object.fromEntries(expected))
  })

  const isAvailable = (name: string) => available.some(one => one === name)
  const skipWithout = (name: string) => !isAvailable(name) && `${name} is not available here`
  const admin = skipWithout('CAP_SYS_ADMIN')
  await t.test('without the filter none of them is refused: it is what refuses', { skip: admin }, async () => {
    assert.deepEqual(refusedIn(await answers('--cap-add', 'ALL', '--security-opt', 'seccomp=unconfined')), [])
  })

  const closed = [...expected].filter(([, answer]) => answer === 'EPERM').map(([name]) => name)
  for (const [capability, calls] of Object.entries(guarded))
    await t.test(
      `${capability} opens the calls that it guards, and no others`,
      { skip: skipWithout(capability) },
      async () => {
        const opened = new Set(closed).difference(new Set(refusedIn(await answers('--cap-add', capability))))
        const more = [...opened].filter(name => !calls.includes(name))
        assert.deepEqual(
          calls.filter(name => !opened.has(name)),
          [],
          'still refused',
        )
        // With CAP_SYS_ADMIN also what asks for namespaces.
        if (capability === 'CAP_SYS_ADMIN')
          assert.ok(
            more.every(name => /CLONE_NEW|int 0x80/.test(name)),
            String(more),
          )
        else assert.deepEqual(more, [])
      },
    )

  await t.test('a profile of the user is the one that holds', async () => {
    const flags = ['--security-opt', `seccomp=${join(probe, 'deny-mkdir.json')}`]
    assert.match(await inside('mkdir /tmp/x || mount --version', ...flags), /mkdir: .*: Network is down\nmount from/)
  })

  await t.test('capabilities are those of the flags, in every set', async () => {
    const sets = async (...flags: string[]) => {
      const status = await inside('cat /proc/self/status', ...flags)
      return (['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'] as const).map(set => capabilityLine(status, set))
    }
    const same = (mask: bigint) => [0n, mask, mask, mask, 0n]
    const docker = 0xa80425fbn
    assert.deepEqual(await sets(), same(docker))
    assert.deepEqual(await sets('--cap-drop', 'ALL'), same(0n))
    assert.deepEqual(
      await sets('--cap-drop', 'MKNOD', '--cap-add', 'net_admin'),
      same((docker & ~(1n << 27n)) | (1n << 12n)),
    )
    assert.deepEqual(await sets('-u', '1000'), [0n, 0n, 0n, docker, 0n])
    assert.deepEqual(
      await sets('--privileged'),
      same(capabilityLine(readFileSync('/proc/self/status', 'utf8'), 'CapPrm')),
    )
  })

  await t.test('no_new_privs: a set-uid program stays what its caller is', async () => {
    copyFileSync('/usr/bin/id', join(probe, 'id'))
    chmodSync(join(probe, 'id'), 0o4755)
    assert.equal(await inside('/probe/id -u', '-u', '1000'), '0')
    assert.equal(await inside('/probe/id -u', '-u', '1000', '--security-opt', 'no-new-privileges'), '1000')
  })

  await t.test('host devices: there is no node, and one of its own does not open', async () => {
    const { major, minor } = splitDeviceNumber(statSync('/tmp').dev)
    const attempts = [`b ${major} ${minor}`, 'c 1 1', 'c 1 11', 'c 10 200', 'c 10 229', 'c 10 232']
    const script = attempts
      .map((device, n) => `mknod /tmp/d${n} ${device} && head -c 1 /tmp/d${n} && echo open`)
      .join('; ')
    const lines = (await inside(`${script}; ls /dev`)).split('\n')
    assert.deepEqual(
      lines.slice(0, attempts.length).map(line => line.replace(/^.*: /, '')),
      attempts.map(() => 'Operation not permitted'),
    )
    assert.deepEqual(
      lines.slice(attempts.length).toSorted(),
      words('core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'),
    )
    assert.match(await inside('mknod /tmp/null c 1 3', '--cap-drop', 'MKNOD'), /Operation not permitted/)
  })

  await t.test('paths: what is masked is empty, what is read-only is not written', async () => {
    await machine.ok(['container', 'create', '--name', 'idle', 'rootfs:/', 'true'])
    const paths = async (field: string) =>
      JSON.parse(await machine.ok(['container', 'inspect', '-f', `{{json .HostConfig.${field}}}`, 'idle'])) as string[]
    const masked = (await paths('MaskedPaths')).map(path => `cat ${path} 2>/dev/null; ls ${path}/ 2>/dev/null`)
    assert.ok(masked.length >= 10)
    assert.equal(await inside(masked.join('; ')), '')
    assert.notEqual(await inside(masked.join('; '), '--privileged'), '')

    const readonly = (await paths('ReadonlyPaths')).filter(path => existsSync(path))
    const mounts = (await inside('cat /proc/self/mountinfo')).split('\n').map(line => line.split(' '))
    for (const path of readonly)
      assert.match(mounts.find(([, , , , target]) => target === path)?.[5] ?? '', /^ro,/, path)
    assert.ok(readonly.includes('/proc/sys'))
    const writes = [
      'echo x > /proc/sys/kernel/core_pattern',
      'echo 1 > /proc/sys/vm/swappiness',
      'echo 1 > /sys/kernel/mm/ksm/run',
      'mkdir /sys/fs/cgroup/x',
      'mkdir $(ls -d /sys/fs/cgroup/memory /sys/fs/cgroup | head -n 1)/x',
    ]
    for (const write of writes) assert.match(await inside(`${write} && echo written`), /Read-only file system/, write)
  })

  await t.test('a read-only root cannot be written to; what is mounted in it can', async () => {
    const script = 'touch /x /etc/x /usr/x; touch /dev/shm/x /mnt/x && echo mounted'
    const lines = (await inside(script, '--read-only', '--tmpfs', '/mnt')).split('\n')
    assert.deepEqual(
      lines.map(line => line.replace(/^.*: /, '')),
      [...Array(3).fill('Read-only file system'), 'mounted'],
    )
    assert.match(await inside('mount -o remount,rw /', '--read-only'), /permi|denied/)
  })

  await t.test('mounts: only its own', async () => {
    const mounts = (await inside('cat /proc/self/mountinfo')).split('\n').map(line => line.split(' '))
    const unexpected = mounts
      .map(([, , , , target = '', ...rest]) => `${target} ${rest[rest.indexOf('-') + 1]}`)
      .filter(mount => !/^(\/ overlay|\/(proc|sys|dev)(\/\S*)? \w+)$/.test(mount))
    assert.deepEqual(unexpected.map(mount => mount.replace(/ \w+$/, '')).toSorted(), [
      '/etc/hostname',
      '/etc/hosts',
      '/etc/resolv.conf',
      '/probe',
      join(machine.dir, 'data'),
      join(machine.dir, 'run'),
    ])
    assert.equal(await inside(`ls -A ${machine.dir}/data ${machine.dir}/run | grep -v :`), '')
  })

  await t.test('processes, descriptors and variables: only its own', async () => {
    const shown = await inside(
      'cat /proc/[0-9]*/cmdline /proc/self/environ | tr "\\0" "\\n"; ls /proc/self/fd; hostname',
    )
    assert.doesNotMatch(shown, /TSCOMPOSE_|told|node|engine/)
    assert.match(shown, /\n0\n1\n2\n3\n[0-9a-f]{12}$/)

    await machine.ok(['container', 'rm', 'idle'])
    await machine.ok(['container', 'run', '-d', '--name', 'idle', 'rootfs:/', 'sleep', '1000'])
    const init = (await machine.ok(['container', 'inspect', '-f', '{{.State.Pid}}', 'idle'])).trim()
    const children = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ')
    for (const pid of [init, ...children]) {
      const open = readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))
      for (const target of open) assert.match(target, /^(pipe:|\/dev\/null|anon_inode:)/)
      assert.equal(statSync(`/proc/${pid}/cwd`).dev, statSync(`/proc/${init}/root`).dev)
      assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /TSCOMPOSE_|told/)
      for (const kind of ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
        assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind)
    }
  })

  await t.test('privileged: devices, masks and read-only paths are as on the machine', async () => {
    const shown = await inside(
      'grep Seccomp: /proc/self/status; ls -d /dev/kmsg; mount -t tmpfs x /mnt && echo mounts; test -w /sys && echo written',
      '--privileged',
    )
    assert.match(shown, /^Seccomp:\t0\n\/dev\/kmsg\nmounts\nwritten$/)
  })

  await t.test('the socket is for its owner alone', () => {
    const { mode, uid } = statSync(machine.socket)
    assert.deepEqual([mode & 0o777, uid, statSync(join(machine.dir, 'run')).mode & 0o077], [0o600, 0, 0])
  })
})

const words = (text: string): readonly string[] => text.split(' ')

/** ENETDOWN (100) is nothing that mkdir(2) could answer by itself. */
const profileWithoutMkdir = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 100 }],
}
