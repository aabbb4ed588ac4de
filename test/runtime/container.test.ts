import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { Bench, skip } from './container-bench.ts'

/** What a container is, seen from inside. */
suite('a container', { skip, concurrency: 2 }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.make()
  })
  after(() => bench[Symbol.asyncDispose]())

  const status = async (fields: string, changes = {}) =>
    bench.print(`grep -E '^(${fields}):' /proc/self/status`, changes)

  test('is PID 1 of its own pid namespace and sees nobody else', async () => {
    assert.equal(await bench.print('echo $$; ls -d /proc/[0-9]*; true'), '1\n/proc/1')
  })

  test('has its host name, which the machine does not', async () => {
    const before = readFileSync('/proc/sys/kernel/hostname', 'utf8')
    assert.equal(
      await bench.print('hostname; cat /proc/sys/kernel/domainname', { domainname: 'example.org' }),
      'box\nexample.org',
    )
    assert.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8'), before)
  })

  test("root has Docker's capabilities, and no more in any set", async () => {
    assert.equal(
      await status('Cap...'),
      ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']
        .map((set, i) => `Cap${set}:\t00000000${i > 0 && i < 4 ? 'a80425fb' : '00000000'}`)
        .join('\n'),
    )
  })

  test('another user has none, but those of its bounding set for set-uid programs', async () => {
    const user = { uid: 1000, gid: 1001, additionalGids: [1001, 4] }
    const shown = await bench.print('id -u; id -g; id -G; grep -E "^Cap(Prm|Eff|Bnd)" /proc/self/status', {
      process: { user },
    })
    assert.deepEqual(shown.split('\n'), [
      '1000',
      '1001',
      '1001 4',
      'CapPrm:\t0000000000000000',
      'CapEff:\t0000000000000000',
      'CapBnd:\t00000000a80425fb',
    ])
  })

  for (const noNewPrivileges of [false, true])
    for (const init of [false, true])
      test(`has a seccomp filter ${noNewPrivileges ? 'and' : 'without'} no_new_privs, ${init ? 'under' : 'without'} the reaper`, async () => {
        const shown = await bench.print(
          'for p in 1 self; do grep -hE "^(NoNewPrivs|Seccomp|CapEff):" /proc/$p/status; done',
          {
            init,
            process: { noNewPrivileges },
          },
        )
        const one = `CapEff:\t00000000a80425fb\nNoNewPrivs:\t${noNewPrivileges ? 1 : 0}\nSeccomp:\t2`
        assert.equal(shown, `${one}\n${one}`)
      })

  test('the filter keeps calls out that even the capability would let through', async () => {
    const capabilities = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE']
    const seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
    }
    const { stderr } = await bench.run('mkdir /x', { process: { capabilities, seccomp } })
    assert.match(stderr, /Permission denied/)
  })

  test('unconfined means no filter', async () => {
    assert.equal(await status('Seccomp', { process: { seccomp: 'unconfined' } }), 'Seccomp:\t0')
  })

  test('mounting and unsharing are refused', async () => {
    const { stderr } = await bench.run(
      'mount -t tmpfs x /mnt; mkdir /mnt; mount -t tmpfs x /mnt; unshare -m true; chroot / true && echo chroot may',
    )
    assert.match(stderr, /mount: .*(denied|permitted)/)
    assert.match(stderr, /unshare.*Operation not permitted/)
  })

  test('/dev has the usual nodes and links, and no more', async () => {
    const shown = await bench.print(
      "cd /dev; stat -c '%n %F %t,%T %a' *; for l in fd stdin ptmx; do readlink $l; done; echo x >null; head -c 2 zero | wc -c",
    )
    assert.deepEqual(shown.split('\n'), [
      'core symbolic link 0,0 777',
      'fd symbolic link 0,0 777',
      'full character special file 1,7 666',
      'mqueue directory 0,0 1777',
      'null character special file 1,3 666',
      'ptmx symbolic link 0,0 777',
      'pts directory 0,0 755',
      'random character special file 1,8 666',
      'shm directory 0,0 1777',
      'stderr symbolic link 0,0 777',
      'stdin symbolic link 0,0 777',
      'stdout symbolic link 0,0 777',
      'tty character special file 5,0 666',
      'urandom character special file 1,9 666',
      'zero character special file 1,5 666',
      '/proc/self/fd',
      '/proc/self/fd/0',
      'pts/ptmx',
      '2',
    ])
  })

  test('a device that is not allowed cannot be opened, even through a node of its own', async () => {
    const { stdout } = await bench.run('mknod /kmsg c 1 11 && (head -c 1 /kmsg 2>&1; true)')
    assert.match(stdout, /Operation not permitted/)
  })

  test('a device that is given is there, with its mode and owner, and can be opened', async () => {
    const devices = [
      { path: '/dev/my/zero', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 3, gid: 4, access: 'r' },
    ] as const
    assert.equal(
      await bench.print("stat -c '%a %u %g' /dev/my/zero; head -c 3 /dev/my/zero | wc -c", { devices }),
      '640 3 4\n3',
    )
  })

  test('what would tell or do too much is masked, what may only be read is read-only', async () => {
    const script = `
      for p in /proc/keys /proc/timer_list /proc/kcore; do [ -e $p ] && wc -c < $p; done; ls /sys/firmware | wc -l
      for p in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run; do [ -e $p ] || continue; (echo x > $p) 2>&1 | sed 's/.*: //'; done`
    const lines = (await bench.print(script)).split('\n')
    assert.deepEqual(new Set(lines), new Set(['0', 'Read-only file system']))
    assert.ok(lines.length >= 5)
  })

  test('of the cgroups it sees its own, and cannot change them', async () => {
    const [v1, v2] = ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max']
    const script = `cat ${v1} ${v2} 2>/dev/null; for f in ${v1} ${v2}; do [ -e $f ] && echo 1 > $f; done`
    const namespaces = { pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'host' } as const
    const { stdout, stderr } = await bench.run(script, { namespaces, resources: { memory: { limit: 64 << 20 } } })
    assert.equal(stdout, '67108864\n')
    assert.match(stderr, /Read-only file system/)
  })

  test('a cgroup namespace makes its own cgroup the root', async () => {
    const namespaces = { pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private', network: 'host' } as const
    const script = "grep -v :0:: /proc/self/cgroup | grep -v '^0::' | sed 's/.*://' | sort -u"
    assert.equal(
      await bench.print(script, { namespaces }),
      readFileSync('/proc/self/mountinfo', 'utf8').includes('- cgroup cgroup') ? '/' : '',
    )
  })

  test("can share namespaces of the host's and of another container", async () => {
    const { container, spec } = await bench.start('hostname other 2>/dev/null; exec sleep 1000')
    const of = (kind: string) => ({ path: `/proc/${container.pid}/ns/${kind}` })
    const links = 'for n in pid ipc uts cgroup; do readlink /proc/self/ns/$n; done'
    const shared = { pid: of('pid'), ipc: of('ipc'), uts: of('uts'), cgroup: of('cgroup'), network: 'host' } as const
    const expected = (pid: number) =>
      ['pid', 'ipc', 'uts', 'cgroup'].map(kind => readlinkSync(`/proc/${pid}/ns/${kind}`)).join('\n')
    const shown = await bench.print(`${links}; cat /proc/1/comm`, { namespaces: shared, init: true })
    assert.equal(shown, `${expected(container.pid)}\ninit`)
    const host = { pid: 'host', ipc: 'host', uts: 'host', cgroup: 'host', network: 'host' } as const
    assert.equal(await bench.print(links, { namespaces: host, init: true }), expected(process.pid))
    await bench.runtime.release(spec.id)
  })

  test('starts in its working directory, which is made if the image lacks it', async () => {
    assert.equal(await bench.print('pwd; stat -c %a:%u /srv/app', { process: { cwd: '/srv/app' } }), '/srv/app\n755:0')
  })

  test('has the environment it was given and nothing else', async () => {
    assert.equal(
      await bench.print('env | grep -v -E "^(PWD|SHLVL|OLDPWD)=" | sort', { process: { env: ['PATH=/bin', 'A=b c'] } }),
      'A=b c\nPATH=/bin',
    )
  })

  test('has its environment shown by an init, too, for cron jobs; one too long is told by the step that fails', async () => {
    const shown = (env: string[]) => bench.print("tr '\\0' '|' < /proc/1/environ", { init: true, process: { env } })
    assert.equal(await shown(['PATH=/bin', 'A=b c']), 'PATH=/bin|A=b c|')
    await assert.rejects(shown([`A=${'x'.repeat(2 ** 17)}`]), { message: /cannot execute "sh": E2BIG/ })
  })

  test('has no descriptors but the standard ones', async () => {
    assert.equal(
      await bench.print('ls /proc/self/fd | tr "\\n" " "; ls -l /proc/self/fd/0 | sed "s/.*-> //"'),
      '0 1 2 3 /dev/null',
    )
  })

  test('has a mask of 022, no signals blocked or ignored, and a session of its own', async () => {
    const shown = await bench.print("grep -E '^(Umask|SigBlk|SigIgn|NSsid)' /proc/1/status", {
      process: { args: ['grep', '-E', '^(Umask|SigBlk|SigIgn|NSsid)', '/proc/self/status'] },
    })
    assert.equal(shown, 'Umask:\t0022\nNSsid:\t1\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000')
  })

  test('another user can open its output anew', async () => {
    const { stdout, stderr } = await bench.run('echo out > /dev/stdout; echo err > /dev/stderr', {
      process: { user: { uid: 7, gid: 7, additionalGids: [] } },
    })
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n'])
  })

  test('sysctls of its namespaces are set, without changing the machine', async () => {
    const before = readFileSync('/proc/sys/kernel/shmmni', 'utf8')
    assert.equal(await bench.print('cat /proc/sys/kernel/shmmni', { sysctl: { 'kernel.shmmni': '77' } }), '77')
    assert.equal(readFileSync('/proc/sys/kernel/shmmni', 'utf8'), before)
  })

  test('limits and the oom score are its own; what cannot be raised is a warning', async () => {
    const rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 128, hard: 256 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ] as const
    const { stdout, warnings } = await bench.run('ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj', {
      process: { rlimits, oomScoreAdj: 321 },
    })
    assert.deepEqual([stdout, warnings], ['128\n256\n0\n321\n', []])
  })

  test('the root can be read-only, while /dev, /dev/shm and tmpfs stay writable', async () => {
    const spec = { root: { lowerdirs: [bench.rootfs], writableLayer: '', readonly: true } }
    const base = bench.spec('')
    const script = '(touch /x) 2>&1; touch /dev/shm/x /tmp/x && echo ok'
    const mounts = [{ type: 'tmpfs', destination: '/tmp', readonly: false, options: [] }] as const
    const root = { ...spec.root, writableLayer: base.root.writableLayer }
    assert.match(await bench.print(script, { root, mounts }), /Read-only file system\nok/)
  })

  test('a symbolic link in place of /proc keeps the container from starting', async () => {
    const rootfs = bench.directory('evil')
    symlinkSync('/bin', `${rootfs}/proc`)
    mkdirSync(`${rootfs}/bin`)
    const spec = bench.spec('true')
    await assert.rejects(bench.runtime.launch({ ...spec, root: { ...spec.root, lowerdirs: [rootfs] } }), {
      code: 'RUNTIME_LAUNCH_FAILED',
      message: 'find a directory, not a link, at /proc: ELOOP (too many symbolic links encountered)',
    })
  })

  test('privileged means all devices and capabilities, nothing masked or read-only', async () => {
    const changes = {
      privileged: true,
      maskedPaths: [],
      readonlyPaths: [],
      process: { capabilities: ['CAP_SYS_ADMIN', 'CAP_MKNOD'], seccomp: 'unconfined' },
    } as const
    const shown = await bench.print(
      'test -c /dev/kmsg && echo kmsg; mkdir /m && mount -t tmpfs x /m && echo mounts; wc -c < /proc/timer_list | grep -v "^0$" >/dev/null && echo open',
      changes,
    )
    assert.equal(shown, 'kmsg\nmounts\nopen')
  })

  test('the machine itself can be the root, with the writable layer within it', async () => {
    const root = { lowerdirs: ['/'], writableLayer: bench.spec('').root.writableLayer, readonly: false }
    const marker = `${bench.base}/marker`
    writeFileSync(marker, 'host')
    const mounts = [{ type: 'tmpfs', destination: bench.base, readonly: true, options: ['size=4k'] }] as const
    const script = `echo changed > /etc/hostname; cat /etc/hostname; ls ${bench.base} | wc -l; echo here > /new-file && cat /new-file`
    assert.equal(
      await bench.print(script, { root, mounts, process: { env: ['PATH=/usr/bin:/bin'] } }),
      'changed\n0\nhere',
    )
    assert.equal(readFileSync(marker, 'utf8'), 'host')
    assert.notEqual(readFileSync('/etc/hostname', 'utf8').trim(), 'changed')
  })

  test('many layers are one root, the first on top', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `layer-with-a-long-name-of-${'x'.repeat(60)},:${index}`)
    const lowerdirs = names.map((name, index) => {
      const directory = bench.directory(name)
      writeFileSync(`${directory}/which`, String(index))
      writeFileSync(`${directory}/only-${index}`, '')
      return directory
    })
    const { root, ...spec } = bench.spec('')
    assert.equal(spec.mounts.length, 0)
    const changes = { root: { ...root, lowerdirs: [...lowerdirs, bench.rootfs] } }
    assert.equal(await bench.print('cat /which; ls -d /only-* | wc -l', changes), '0\n40'.replace('0\n', '0'))
  })
})
