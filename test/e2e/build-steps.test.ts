import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, imageArchives, newMachine, skip } from './machine.ts'

/** Asks the agent at SSH_AUTH_SOCK for its keys (SSH agent protocol), and prints how many there are. */
const countKeys = `perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die "no agent"; syswrite $s, pack("NC", 1, 11); read($s, $a, 9); print((unpack("NCN", $a))[2])'`

function git(cwd: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', HOME: cwd }
  const identity = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.com']
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

test('what steps can be told has its effect', { skip, timeout: 180_000 }, async t => {
  const machine = await newMachine(t)
  for (const archive of imageArchives('alpine', 'debian')) await machine.ok(['image', 'load', archive])
  const cwd = await machine.project('context', {
    'a/one.txt': 'one',
    'a/deep/two.txt': 'two',
    'a/deep/three.md': 'three',
    'base/etc/own': 'a root of its own\n',
    secret: 'hush',
  })
  const tryBuild = (dockerfile: string, ...flags: string[]) =>
    machine.run(['image', 'build', '--progress=plain', '-f', '-', ...flags, '.'], { cwd, input: dockerfile })
  /** Builds, and gives the text of /out. */
  const out = async (dockerfile: string, ...flags: string[]): Promise<string> => {
    const { code, stderr } = await tryBuild(dockerfile, '-t', 'step', ...flags)
    assert.equal(code, 0, stderr)
    return (await machine.ok(['container', 'run', '--rm', '--network=none', 'step', 'cat', '/out'])).trim()
  }

  await t.test('bind mounts: of a stage, of an image, of the context; what is written is thrown away', async () => {
    const text = await out(`FROM alpine AS made
RUN echo made > /made
FROM alpine
RUN --mount=from=made,source=/made,target=/m/made --mount=from=debian,target=/m/debian --mount=target=/m/context \\
    cat /m/made /m/debian/etc/debian_version > /out; cat /m/context/a/one.txt >> /out; \\
    touch /m/context/new || echo " read-only" >> /out
RUN --mount=target=/m/context,rw touch /m/context/new && ls /m/context >> /out
RUN --mount=target=/m/context,rw ls /m/context >> /out; ls /m >> /out 2>&1 || true
`)
    assert.match(text, /^made\n12\.\d+\none read-only\na\nbase\nnew\nsecret\na\nbase\nsecret\ncontext$/)
  })

  await t.test('a cache outlives its build, with the owner it was given; locked and private ones', async () => {
    const cached = 'RUN --mount=type=cache,id=kept,target=/c,uid=5,gid=6,mode=0750'
    await out(`FROM alpine\n${cached} echo kept > /c/file; touch /out\n`)
    const text = await out(`FROM alpine\n${cached} cat /c/file > /out; stat -c '%u:%g %a' /c >> /out\n`)
    assert.equal(text, 'kept\n5:6 750')
    const together = (sharing: string) =>
      out(
        `FROM alpine AS one
RUN --mount=type=cache,id=${sharing},target=/c,sharing=${sharing} touch /c/one; sleep 0.5; ls /c | grep -c . > /one; rm /c/one
FROM alpine AS two
RUN --mount=type=cache,id=${sharing},target=/c,sharing=${sharing} touch /c/two; sleep 0.5; ls /c | grep -c . > /two; rm /c/two
FROM alpine
COPY --from=one /one /
COPY --from=two /two /
RUN cat /one /two | tr -d '\\n' > /out
`,
        '--no-cache',
      )
    assert.deepEqual([await together('locked'), await together('private')], ['11', '11'])
    assert.equal(
      await out(
        `FROM alpine\nRUN --mount=type=cache,id=filled,from=debian,source=/etc,target=/c cp /c/debian_version /out\n`,
      ).then(text => /^12/.test(text)),
      true,
    )
  })

  await t.test('tmpfs with a size; secrets as files and variables, which leave nothing', async () => {
    assert.equal(
      await out(
        'FROM alpine\nRUN --mount=type=tmpfs,target=/t,size=3m df -m /t | tail -1 | tr -s " " | cut -d" " -f2 > /out\n',
      ),
      '3',
    )
    const dockerfile = `FROM alpine
RUN --mount=type=secret,id=file,uid=7,gid=8,mode=0440 stat -c '%u:%g %a' /run/secrets/file > /out; wc -c < /run/secrets/file >> /out
RUN --mount=type=secret,id=env,env=TOKEN --mount=type=secret,id=env,target=/elsewhere echo \${#TOKEN} >> /out; wc -c < /elsewhere >> /out
RUN ls -A /run/secrets /elsewhere >> /out 2>&1; env | grep -c TOKEN >> /out || true
`
    const secrets = ['--secret', 'id=file,src=secret', '--secret', 'id=env,env=PASSWORD']
    const { code, stderr } = await machine.run(['image', 'build', '-t', 'step', '-f', '-', ...secrets, '.'], {
      cwd,
      input: dockerfile,
      env: { PASSWORD: 'swordfish' },
    })
    assert.equal(code, 0, stderr)
    const text = await machine.ok(['container', 'run', '--rm', '--network=none', 'step', 'cat', '/out'])
    assert.match(text, /^7:8 440\n4\n9\n9\nls: [^\n]*\nls: [^\n]*\n0\n$/)
    const missing = await tryBuild('FROM alpine\nRUN --mount=type=secret,id=x,required true\n')
    assert.match(missing.stderr, /Dockerfile:2:1: secret x: not found \[BUILD_SECRET_MISSING\]/)
    assert.equal((await tryBuild('FROM alpine\nRUN --mount=type=secret,id=x test ! -e /run/secrets/x\n')).code, 0)
  })

  await t.test('ssh: an agent of ours with the keys of files', async () => {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(machine.dir, 'key')])
    spawnSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(machine.dir, 'other')])
    const dockerfile = `FROM debian\nRUN --mount=type=ssh,required ${countKeys} > /out\n`
    const keys = `default=${join(machine.dir, 'key')},${join(machine.dir, 'other')}`
    assert.equal(await out(dockerfile, '--ssh', keys), '2')
    assert.match((await tryBuild(dockerfile, '--no-cache')).stderr, /ssh agent default: not found/)
    const { stderr } = await tryBuild(dockerfile, '--no-cache', '--ssh', `default=${join(cwd, 'secret')}`)
    assert.match(stderr, /the SSH keys of the build cannot be used: .*secret: /)
  })

  await t.test('networks and privileges have to be allowed where they go beyond a container', async () => {
    assert.equal(await out('FROM alpine\nRUN --network=none ls /sys/class/net > /out\n'), 'lo')
    const host = 'FROM alpine\nRUN --network=host readlink /proc/self/ns/net > /out\n'
    assert.match((await tryBuild(host)).stderr, /network\.host is not allowed \[BUILD_ENTITLEMENT_MISSING\]/)
    const { stdout } = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' })
    assert.equal(await out(host, '--allow', 'network.host'), stdout.trim())
    const capabilities = (flag: string) => `FROM alpine\nRUN ${flag}grep CapEff /proc/self/status > /out\n`
    const insecure = capabilities('--security=insecure ')
    assert.match((await tryBuild(insecure)).stderr, /security\.insecure is not allowed/)
    const all = await out(insecure, '--allow', 'security.insecure')
    const some = await out(capabilities(''))
    assert.ok(BigInt(`0x${all.split('\t')[1]}`) > BigInt(`0x${some.split('\t')[1]}`), `${all} ${some}`)
  })

  await t.test('limits of the build are those of its steps', async () => {
    const flags = ['--memory', '64m', '--ulimit', 'nofile=123:456', '--shm-size', '5m', '--add-host', 'there:10.1.2.3']
    const text = await out(
      `FROM alpine
RUN ulimit -n > /out; df -m /dev/shm | tail -1 | tr -s " " | cut -d" " -f2 >> /out; grep there /etc/hosts >> /out
`,
      ...flags,
    )
    assert.match(text, /^123\n5\n10\.1\.2\.3\s+there$/)
    const hungry = await tryBuild(
      'FROM alpine\nRUN head -c 200m /dev/zero | tail\n',
      '--memory',
      '32m',
      '--memory-swap',
      '32m',
    )
    assert.match(hungry.stderr, /exit code: \d+( \(it ran out of memory\))?/)
  })

  await t.test('COPY with parents, exclusions, owners and modes, and independent of what is below', async () => {
    const text = await out(`FROM alpine AS files
RUN mkdir /l && touch /l/below
FROM files
COPY --parents a/*/*.txt a/one.txt /p/
COPY --exclude=**/*.md --exclude=one* a /x/
COPY --chown=5:6 --chmod=640 a/one.txt /owned
COPY --link a/one.txt /l/
RUN cd / && find p x l -type f | sort > /out; stat -c '%u:%g %a' /owned >> /out
`)
    assert.equal(text, 'l/below\nl/one.txt\np/a/deep/two.txt\np/a/one.txt\nx/deep/two.txt\n5:6 640')
  })

  await t.test('ADD of URLs, whose contents may be checked, and of git', async t => {
    const content = 'over the wire\n'
    const server = createServer((_, response) =>
      response.setHeader('last-modified', 'Sun, 09 Sep 2001 01:46:40 GMT').end(content),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as { port: number }
    const url = `http://127.0.0.1:${port}/file.txt`
    const sum = `sha256:${createHash('sha256').update(content).digest('hex')}`
    const right = `FROM alpine\nADD --checksum=${sum} ${url} /f/\nRUN stat -c '%a %Y' /f/file.txt > /out; cat /f/file.txt >> /out\n`
    assert.equal(await out(right), '600 1000000000\nover the wire')
    const wrong = await tryBuild(right.replace(sum, `sha256:${'0'.repeat(64)}`))
    assert.match(
      wrong.stderr,
      /Dockerfile:2:1: .* has the digest sha256:[0-9a-f]{64}, not sha256:0{64} \[BUILD_CHECKSUM_MISMATCH\]/,
    )

    const repository = await machine.project('git/repo', { 'in/git.txt': 'from git\n' })
    git(repository, 'init', '-q', '-b', 'main')
    git(repository, 'add', '.')
    git(repository, 'commit', '-qm', 'First')
    const commit = git(repository, 'rev-parse', 'HEAD')
    const daemonPort = await freePort()
    const options = ['--export-all', '--reuseaddr', '--listen=127.0.0.1', `--port=${daemonPort}`]
    const daemon = spawn('git', ['daemon', ...options, `--base-path=${join(machine.dir, 'git')}`], { stdio: 'ignore' })
    t.after(() => daemon.kill())
    while (!(await listens(daemonPort))) await sleep(20)
    const remote = `git://127.0.0.1:${daemonPort}/repo#main`
    const text = await out(`FROM alpine
ADD ${remote} /plain
ADD --keep-git-dir=true ${remote} /kept
RUN cat /plain/in/git.txt > /out; ls -d /plain/.git /kept/.git >> /out 2>/dev/null; cat /kept/.git/HEAD >> /out
`)
    assert.equal(text, `from git\n/kept/.git\n${commit}`)
  })

  await t.test('a base that is a directory, or in an OCI layout', async () => {
    const layout = join(machine.dir, 'layout')
    await machine.ok(['image', 'save', '-o', join(machine.dir, 'alpine.tar'), 'alpine:latest'])
    spawnSync('sh', ['-c', `mkdir ${layout} && tar -xf ${machine.dir}/alpine.tar -C ${layout}`])
    const text = await out(
      'FROM own AS own\nFROM layered\nCOPY --from=own /etc/own /out\nRUN cat /etc/alpine-release >> /out\n',
      '--build-context',
      'own=base',
      '--build-context',
      `layered=oci-layout://${layout}:latest`,
    )
    assert.match(text, /^a root of its own\n3\./)
    const { stderr } = await tryBuild('FROM layered\n', '--build-context', `layered=oci-layout://${layout}:nothing`)
    assert.match(stderr, /has no image nothing[^]*It has latest/)
  })

  await t.test('other platforms as far as nothing has to run', async () => {
    const copies = 'FROM scratch\nCOPY a /a\n'
    assert.equal((await tryBuild(copies, '--platform', 'linux/s390x', '-t', 'foreign')).code, 0)
    assert.equal(await machine.ok(['image', 'inspect', '-f', '{{.Architecture}}', 'foreign']), 's390x\n')
    const { stderr } = await tryBuild(`${copies}RUN ["/a"]\n`, '--platform', 'linux/s390x')
    assert.match(
      stderr,
      /Dockerfile:3:1: this machine cannot run programs for linux\/s390x: no emulator [^]*qemu-user-static/,
    )
  })
})

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
