import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { splitDeviceNumber } from '../../src/runtime/device-node.ts'
import { newMachine, skip } from './machine.ts'

/** The whole disk that holds the temporary directory, by its node; undefined for a tmpfs and the like. */
function diskOf(directory: string): string | undefined {
  const { major, minor } = splitDeviceNumber(statSync(directory).dev)
  const uevent = `/sys/dev/block/${major}:${minor}/uevent`
  const text = existsSync(uevent) ? readFileSync(uevent, 'latin1') : ''
  return /^DEVTYPE=disk$/m.test(text) ? `/dev/${/^DEVNAME=(.*)$/m.exec(text)?.[1]}` : undefined
}

const disk = diskOf('/tmp')
const isV1 = / - cgroup cgroup /.test(readFileSync('/proc/self/mountinfo', 'utf8'))

test("docker's flags for limits, each met by a program that runs into it", { skip }, async t => {
  const machine = await newMachine(t)
  const container = (...args: string[]) => machine.run(['container', ...args])
  machine.defer(() => container('rm', '-f', 'one', 'two'))
  const run = (...args: string[]) => container('run', '--rm', ...args)
  const inspected = async (name: string, format: string) =>
    (await machine.ok(['container', 'inspect', '-f', format, name])).trim()
  /** Starts one, looks at it, and takes it away again. */
  const start = async (...args: string[]) => {
    await container('rm', '-f', 'one')
    const { code, stderr } = await container('run', '-d', '--name', 'one', ...args)
    assert.equal(code, 0, stderr)
    return stderr
  }
  const exec = async (script: string) => {
    const { stdout, stderr } = await container('exec', 'one', 'sh', '-c', script)
    return stdout + stderr
  }
  const sleeper = ['rootfs:/', 'sleep', '1000']
  const eat = (mib: number) => `dd if=/dev/zero of=/dev/null bs=${mib}M count=1`

  await t.test('--memory and --memory-swap: what does not fit is killed, what fits is not', async () => {
    const limits = ['-m', '32m', '--memory-swap', '32m', '--memory-reservation', '16m']
    assert.equal((await run(...limits, 'rootfs:/', 'sh', '-c', eat(16))).code, 0)
    assert.equal((await run(...limits, 'rootfs:/', 'sh', '-c', `exec ${eat(64)}`)).code, 137)
    await start(...limits, ...sleeper)
    const shown = '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}}'
    assert.equal(await inspected('one', shown), '33554432 33554432 16777216')
  })

  await t.test('--tmpfs and --shm-size: full at their size, and on the account of the memory', async () => {
    const fill = (path: string) => `dd if=/dev/zero of=${path}/x bs=1M count=20`
    assert.match((await run('--shm-size', '4m', 'rootfs:/', 'sh', '-c', fill('/dev/shm'))).stderr, /No space left/)
    assert.match((await run('--tmpfs', '/mnt:size=4m', 'rootfs:/', 'sh', '-c', fill('/mnt'))).stderr, /No space left/)
    const limits = ['-m', '16m', '--memory-swap', '16m', '--shm-size', '64m']
    assert.equal((await run(...limits, 'rootfs:/', 'sh', '-c', `exec ${fill('/dev/shm')}`)).code, 137)
  })

  await t.test('--oom-kill-disable: it waits for memory instead', { skip: !isV1 && 'cgroups v2 cannot' }, async () => {
    // In its own code: a system call that finds no memory fails instead.
    const grows = ['rootfs:/', 'perl', '-e', '$x = "x" x (48 << 20)']
    await start('-m', '16m', '--memory-swap', '16m', '--oom-kill-disable', ...grows)
    const pid = await inspected('one', '{{.State.Pid}}')
    const group = /memory:(.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]
    while (!/under_oom 1/.test(readFileSync(`/sys/fs/cgroup/memory${group}/memory.oom_control`, 'utf8')))
      await sleep(10)
    assert.equal(await inspected('one', '{{.State.Running}} {{.HostConfig.OomKillDisable}}'), 'true true')
    await machine.ok(['container', 'update', '-m', '128m', '--memory-swap', '128m', 'one'])
    assert.equal((await machine.ok(['container', 'wait', 'one'])).trim(), '0')
  })

  await t.test('update of one that runs: the new limit is the one it meets', async () => {
    await start('-m', '128m', '--memory-swap', '128m', '--pids-limit', '100', ...sleeper)
    assert.match(await exec(eat(64)), /copied/)
    await machine.ok(['container', 'update', '-m', '32m', '--memory-swap', '32m', '--pids-limit', '5', 'one'])
    assert.match(await exec(`${eat(64)}; echo $?`), /137/)
    assert.match(await exec('for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; true'), /annot fork|unavailable/)
    assert.equal(await inspected('one', '{{.HostConfig.PidsLimit}} {{.HostConfig.Memory}}'), '5 33554432')
    assert.notEqual((await container('update', '-m', '1m', 'one')).code, 0)
    assert.equal(await inspected('one', '{{.HostConfig.Memory}}'), '33554432')
  })

  await t.test('--cpuset-cpus and --cpuset-mems: on these processors only', async () => {
    const last = String(cpus().length - 1)
    await start('--cpuset-cpus', last, '--cpuset-mems', '0', ...sleeper)
    assert.match(await exec('grep Cpus_allowed_list /proc/self/status'), new RegExp(`\\s${last}\n`))
    assert.match(await exec(`taskset -cp 0-${last} $$; taskset -cp 0 $$`), cpus().length > 1 ? /Invalid argument/ : /0/)
    assert.equal(await inspected('one', '{{.HostConfig.CpusetCpus}} {{.HostConfig.CpusetMems}}'), `${last} 0`)
    const { stderr } = await run('--cpuset-cpus', '4095', 'rootfs:/', 'true')
    assert.match(stderr, /4095/)
  })

  await t.test('--cpu-quota: a tenth of a processor; --cpu-shares: as they are to each other', async () => {
    const busy = ['rootfs:/', 'sh', '-c', 'while :; do :; done']
    const used = (name: string) => async () => JSON.parse(await inspected(name, '{{json .State.Pid}}')) as number
    await start('--cpu-period', '50000', '--cpu-quota', '5000', ...busy)
    const [began, before] = [performance.now(), cpuTime(await used('one')())]
    await sleep(1000)
    const share = (cpuTime(await used('one')()) - before) / (performance.now() - began)
    assert.ok(share > 0.02 && share < 0.15, `${share} of a processor`)
    assert.equal(await inspected('one', '{{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}'), '5000 50000')

    await start('--cpuset-cpus', '0', '--cpu-shares', '1024', ...busy)
    await machine.ok(['container', 'run', '-d', '--name', 'two', '--cpuset-cpus', '0', '--cpu-shares', '64', ...busy])
    const pids = [await used('one')(), await used('two')()] as const
    const first = pids.map(cpuTime)
    await sleep(1500)
    const [one = 0, two = 0] = pids.map((pid, n) => cpuTime(pid) - (first[n] ?? 0))
    assert.ok(one > 4 * two, `${one} ms and ${two} ms`)
    await machine.ok(['container', 'rm', '-f', 'one', 'two'])
  })

  await t.test(
    'stats: what is used, and of how much',
    { skip: disk === undefined && 'no disk of its own' },
    async () => {
      const write = 'dd if=/dev/zero of=/written bs=1M count=4 oflag=direct 2>/dev/null; exec sleep 1000'
      await start('-m', '64m', '--pids-limit', '50', 'rootfs:/', 'sh', '-c', write)
      while (!/sleep/.test(await machine.ok(['container', 'top', 'one']))) await sleep(20)
      const format = '{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.MemPerc}}|{{.BlockIO}}|{{.PIDs}}'
      const line = (await machine.ok(['container', 'stats', '--no-stream', '--format', format, 'one'])).trim()
      assert.match(line, /^one\|[\d.]+%\|[\d.]+[KM]iB \/ 64MiB\|[\d.]+%\|[\d.]+[kM]?B \/ [\d.]+MB\|2$/)
      const [, written] = / \/ ([\d.]+)MB\|2$/.exec(line) ?? []
      assert.ok(Number(written) >= 4, line)
    },
  )

  await t.test('--ulimit and --oom-score-adj', async () => {
    const ulimits = ['nofile=30:40', 'fsize=4096', 'core=0', 'nproc=77'].flatMap(limit => ['--ulimit', limit])
    await start(...ulimits, '--oom-score-adj', '500', ...sleeper)
    const open = 'for (1..99) { open(my $f, "<", "/dev/null") or die "$!\\n"; push @f, $f }'
    assert.equal(await exec(`perl -e '${open}'`), 'Too many open files\n')
    assert.match(await exec('head -c 9000 /dev/zero > /tmp/big; echo $?; stat -c %s /tmp/big'), /153\n4096/)
    assert.equal(await exec('ulimit -Hn; cat /proc/self/oom_score_adj /proc/1/oom_score_adj'), '40\n500\n500\n')
    assert.match(await inspected('one', '{{json .HostConfig.Ulimits}}'), /"nofile"/)
  })

  await t.test('--device and --device-cgroup-rule: what they allow, and as they allow it', async () => {
    const open = 'head -c 1 /dev/kmsg >/dev/null 2>&1 && echo read; echo x > /dev/kmsg && echo written'
    const { stdout } = await run('--device', '/dev/kmsg:/dev/kmsg:r', 'rootfs:/', 'sh', '-c', open)
    assert.doesNotMatch(stdout, /written/)
    if (!existsSync('/dev/net/tun')) return
    const own = ['rootfs:/', 'sh', '-c', 'mknod /tun c 10 200 && head -c 1 /tun']
    assert.match((await run('--device-cgroup-rule', 'c 10:200 rm', ...own)).stderr, /bad state/) // it is open
    assert.match((await run(...own)).stderr, /Operation not permitted/)
  })

  const noDisk = disk === undefined && 'the temporary directory is not on a disk of its own'
  await t.test('--device-read-bps, --device-write-iops: as slow as they say', { skip: noDisk }, async () => {
    const file = join(machine.dir, 'data-to-read')
    writeFileSync(file, Buffer.alloc(3 * 2 ** 20, 1), { flush: true })
    const read = ['-v', `${file}:/data:ro`, 'rootfs:/', 'dd', 'if=/data', 'of=/dev/null', 'bs=256k', 'iflag=direct']
    const write = ['rootfs:/', 'dd', 'if=/dev/zero', 'of=/x', 'bs=4k', 'count=40', 'oflag=direct']
    const seconds = async (...args: string[]) => {
      const { code, stderr } = await run(...args)
      assert.equal(code, 0, stderr)
      return Number(/, ([\d.]+) s,/.exec(stderr)?.[1])
    }
    const [reading, writing] = await Promise.all([
      seconds('--device-read-bps', `${disk}:1mb`, ...read),
      seconds('--device-write-iops', `${disk}:20`, ...write),
    ])
    assert.ok(reading > 1.5, `3 MiB in ${reading} s`)
    assert.ok(writing > 1, `40 writes in ${writing} s`)
  })

  await t.test('what the machine has not is refused or told, by its name', async () => {
    assert.match((await run('--kernel-memory', '64m', 'rootfs:/', 'true')).stderr, /--kernel-memory is not supported/)
    assert.match((await run('-m', '1m', 'rootfs:/', 'true')).stderr, /Minimum memory limit allowed is 6MB/)
    assert.match((await run('--cpus', '1000', 'rootfs:/', 'true')).stderr, /range of CPUs is from 0.01/)
    assert.match((await run('--blkio-weight', '300', 'rootfs:/', 'true')).stderr, /block I\/O weight/)
    const realtime = await run('--cpu-rt-runtime', '950000', '--cpu-rt-period', '1000000', 'rootfs:/', 'true')
    assert.match(realtime.stderr, /^$|cpu/)
  })

  await t.test(
    '--cgroup-parent: its limits are those of all in it; what was made for it goes with the last',
    async () => {
      const [made, given] = [`tsc-e2e-made-${process.pid}`, `tsc-e2e-given-${process.pid}`]
      const directories = (name: string) => globSync(`/sys/fs/cgroup/{,*/}${name}`)
      await start('--cgroup-parent', `/${made}/inner`, ...sleeper)
      const pid = await inspected('one', '{{.State.Pid}}')
      assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`/${made}/inner/tscompose-`))
      assert.equal(await inspected('one', '{{.HostConfig.CgroupParent}}'), `/${made}/inner`)
      assert.match(await exec('cat /proc/self/cgroup'), /:\/$/m)
      assert.equal((await container('stats', '--no-stream', 'one')).code, 0)
      await machine.ok(['container', 'rm', '-f', 'one'])
      assert.deepEqual(directories(made), [])

      const pids = isV1 ? `/sys/fs/cgroup/pids/${given}` : `/sys/fs/cgroup/${given}`
      mkdirSync(pids)
      try {
        writeFileSync(`${pids}/pids.max`, '6')
        const forks = 'for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; true'
        const { stderr } = await run('--cgroup-parent', given, 'rootfs:/', 'sh', '-c', forks)
        assert.match(stderr, /annot fork|unavailable/)
        assert.deepEqual(directories(given), [pids])
      } finally {
        rmdirSync(pids)
      }
      assert.match((await run('--cgroup-parent', '/a/../../b', 'rootfs:/', 'true')).stderr, /invalid cgroup parent/)
    },
  )
})

/** Milliseconds of processor time that a process and those it has waited for have had, proc_pid_stat(5). */
function cpuTime(pid: number): number {
  const tree = [
    pid,
    ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  ]
  return tree.reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10
  }, 0)
}
