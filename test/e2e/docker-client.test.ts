import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort, imageArchives, newMachine, type Result, resultOf, skip } from './machine.ts'
import { startRegistry } from './registry.ts'

/** Docker's own clients on this machine: Debian's (package docker.io), and perhaps a newer one. */
const clients = ['/usr/bin/docker', '/usr/local/bin/docker'].flatMap(path => {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const version = /Docker version (\d+\.\d+)/.exec(stdout ?? '')?.[1]
  return status === 0 && version ? [{ path, version }] : []
})

interface Docker {
  /** Runs a command of the client, whatever its exit code. */
  run(args: readonly string[], input?: string): Promise<Result>
  /** Runs it and fails unless it exits with 0. @returns its standard output without the last line's end */
  ok(...args: string[]): Promise<string>
  /** Starts it on a terminal. */
  terminal(...args: string[]): Terminal
  start(...args: string[]): ChildProcess
  readonly dir: string
  readonly containersRunning: () => Promise<number>
}

interface Terminal {
  readonly child: ChildProcess
  type(text: string): void
  /** Resolves when `pattern` has been written. */
  shows(pattern: RegExp): Promise<void>
  /** What was written in all, and the exit code. */
  end(): Promise<Result>
}

/** An engine with busybox in it, and a client that talks to it. */
async function newDocker(t: TestContext, path: string, config: Record<string, unknown> = {}): Promise<Docker> {
  const machine = await newMachine(t, config)
  await machine.ok(['engine', 'start'])
  const env = { PATH: process.env.PATH, HOME: machine.dir, DOCKER_HOST: `unix://${machine.socket}` }
  const start = (...args: string[]) => spawn(path, args, { env })
  const run: Docker['run'] = (args, input) => {
    const child = start(...args)
    child.stdin?.end(input ?? '')
    return resultOf(child)
  }
  const ok: Docker['ok'] = async (...args) => {
    const { code, stdout, stderr } = await run(args)
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout.trimEnd()
  }
  const terminal: Docker['terminal'] = (...args) => {
    const quoted = [path, ...args].map(arg => `'${arg.replaceAll("'", "'\\''")}'`).join(' ')
    const child = spawn('script', ['-qec', quoted, '/dev/null'], { env: { ...env, TERM: 'xterm' } })
    let screen = ''
    child.stdout.on('data', text => {
      screen += text
    })
    const result = resultOf(child)
    return {
      child,
      type: text => void child.stdin.write(text),
      async shows(pattern) {
        while (!pattern.test(screen)) {
          const ended = await Promise.race([once(child.stdout, 'data').then(() => false), result.then(() => true)])
          assert.ok(!ended || pattern.test(screen), `${pattern} was never shown: ${JSON.stringify(screen)}`)
        }
      },
      end: () => result,
    }
  }
  machine.defer(async () => {
    const ids = (await ok('ps', '-aq')).split('\n').filter(Boolean)
    if (ids.length > 0) await ok('rm', '-f', ...ids)
    await docker.run(['network', 'rm', 'docker-client'])
  })
  const containersRunning = async () => (await ok('ps', '-q')).split('\n').filter(Boolean).length
  const docker = { run, ok, terminal, start, dir: machine.dir, containersRunning }
  return docker
}

async function withBusybox(t: TestContext, path: string): Promise<Docker> {
  const docker = await newDocker(t, path)
  assert.match(await docker.ok('load', '-i', imageArchives('busybox')[0] ?? ''), /Loaded image: busybox:latest/)
  return docker
}

const options = { skip, timeout: 120_000 }

test(
  'a docker client is there to test with',
  { skip: clients.length > 0 ? false : 'needs the package docker.io' },
  () => assert.ok(clients.length > 0),
)

for (const { path, version } of clients) {
  test(`docker ${version}: version, info and images tell of the engine`, options, async t => {
    const docker = await withBusybox(t, path)
    assert.match(await docker.ok('version', '--format', '{{.Server.Os}} {{.Server.APIVersion}}'), /^linux 1\.51$/)
    assert.match(await docker.ok('info'), /Server Version: \d/)
    assert.equal(await docker.ok('info', '--format', '{{.OSType}} {{.Containers}}'), 'linux 0')
    assert.match(await docker.ok('images'), /^busybox +latest /m)
    await docker.ok('tag', 'busybox', 'localhost:5000/team/box:2')
    assert.equal(await docker.ok('image', 'inspect', '-f', '{{.Os}}', 'localhost:5000/team/box:2'), 'linux')
    assert.match(await docker.ok('rmi', 'localhost:5000/team/box:2'), /Untagged: localhost:5000\/team\/box:2/)
    assert.deepEqual((await docker.run(['image', 'inspect', 'nosuch'])).code, 1)
  })

  test(`docker ${version}: the life of a container`, options, async t => {
    const docker = await withBusybox(t, path)
    const { ok } = docker
    const script = 'echo out; echo err >&2; trap "exit 3" TERM; while :; do sleep 0.1; done'
    const id = await ok(
      'run',
      '-d',
      '--name',
      'life',
      '-e',
      'A=b',
      '-l',
      'k=v',
      '-h',
      'box',
      'busybox',
      'sh',
      '-c',
      script,
    )
    assert.match(id, /^[0-9a-f]{64}$/)
    assert.match(
      await ok('ps', '--filter', 'label=k=v', '--format', '{{.Names}} {{.Image}} {{.Status}}'),
      /^life busybox Up /,
    )
    assert.equal(await ok('inspect', '-f', '{{.Config.Hostname}} {{.State.Running}}', 'life'), 'box true')

    assert.equal(await ok('exec', '-e', 'C=d', '-w', '/tmp', 'life', 'sh', '-c', 'echo $A $C $PWD'), 'b d /tmp')
    assert.equal((await docker.run(['exec', 'life', 'sh', '-c', 'exit 9'])).code, 9)
    assert.equal((await docker.run(['exec', '-i', 'life', 'cat'], 'through')).stdout, 'through')
    const missing = await docker.run(['exec', 'life', 'nosuch'])
    assert.equal(missing.code, 127)
    assert.match(missing.stderr + missing.stdout, /executable file not found/)
    await ok('exec', '-d', 'life', 'touch', '/tmp/detached')
    while ((await docker.run(['exec', 'life', 'test', '-e', '/tmp/detached'])).code !== 0);
    assert.match(await ok('top', 'life'), /sh -c echo out/)

    await ok('pause', 'life')
    assert.match(await ok('ps', '--format', '{{.Status}}'), /\(Paused\)/)
    await ok('unpause', 'life')
    await ok('stop', '-t', '5', 'life')
    assert.equal(await ok('wait', 'life'), '3')
    assert.match(await ok('ps', '-a', '--format', '{{.Status}}'), /^Exited \(3\)/)
    const logs = await docker.run(['logs', 'life'])
    assert.deepEqual([logs.stdout, logs.stderr], ['out\n', 'err\n'])
    assert.match(await ok('logs', '-t', '--tail', '1', 'life'), /^(\d{4}-\d\d-\d\dT[\d:.]+Z out)?$/)

    await ok('start', 'life')
    await ok('restart', '-t', '0', 'life')
    await ok('kill', 'life')
    assert.equal(await ok('wait', 'life'), '137')
    await ok('rename', 'life', 'after')
    await ok('rm', 'after')
    const gone = await docker.run(['rm', 'after'])
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /No such container: after/)
  })

  test(`docker ${version}: exit codes of run`, options, async t => {
    const docker = await withBusybox(t, path)
    const code = async (...args: string[]) => (await docker.run(['run', '--rm', ...args])).code
    assert.equal(await code('busybox', 'true'), 0)
    assert.equal(await code('busybox', 'sh', '-c', 'exit 42'), 42)
    assert.equal(await code('busybox', 'sh', '-c', 'kill -9 $$'), 137)
    assert.equal(await code('busybox', 'nosuch'), 127)
    const { stderr } = await docker.run(['run', '--rm', 'busybox', 'nosuch'])
    assert.match(stderr, /^docker: Error response from daemon: .*executable file not found in \$PATH/m)
    assert.equal(await code('busybox', '/etc'), 126)
    assert.equal(await code('--pull', 'never', 'nosuch'), 125)
    assert.equal(await docker.ok('ps', '-aq'), '')
  })

  test(`docker ${version}: input goes in, its end too, and output is told apart`, options, async t => {
    const docker = await withBusybox(t, path)
    const { stdout, stderr, code } = await docker.run(
      ['run', '--rm', '-i', 'busybox', 'sh', '-c', 'wc -c; echo oops >&2; exit 5'],
      'x'.repeat(300_000),
    )
    assert.deepEqual([stdout, stderr, code], ['300000\n', 'oops\n', 5])
  })

  test(`docker ${version}: a terminal has its size, detaches, and is attached to again`, options, async t => {
    const docker = await withBusybox(t, path)
    const first = docker.terminal('run', '-it', '--name', 'term', 'busybox', 'sh')
    first.type('tty; echo $((40+2))\n')
    await first.shows(/\/dev\/pts\/0.*42/s)
    await docker.ok('exec', 'term', 'true')
    first.type('\x10\x11')
    await first.end()
    assert.equal(await docker.containersRunning(), 1)
    const second = docker.terminal('attach', 'term')
    second.type('\necho again $((50+5)); exit 7\n')
    await second.shows(/again 55/)
    assert.equal((await second.end()).code, 7)
    assert.equal(await docker.ok('wait', 'term'), '7')
    assert.match(await docker.ok('logs', 'term'), /42\r\n.*again 55/s)
  })

  test(`docker ${version}: exec on a terminal`, options, async t => {
    const docker = await withBusybox(t, path)
    await docker.ok('run', '-d', '--name', 'box', 'busybox', 'sleep', '1000')
    const shell = docker.terminal('exec', '-it', 'box', 'sh')
    shell.type('test -t 0 && echo is $((1+1)) terminal; exit 6\n')
    await shell.shows(/is 2 terminal/)
    assert.equal((await shell.end()).code, 6)
  })

  test(`docker ${version}: logs are followed to the end`, options, async t => {
    const docker = await withBusybox(t, path)
    await docker.ok('run', '-d', '--name', 'talk', 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.2; done')
    assert.equal(await docker.ok('logs', '-f', 'talk'), '1\n2\n3')
  })

  test(`docker ${version}: ports, volumes and names in a network`, options, async t => {
    const docker = await withBusybox(t, path)
    const { ok } = docker
    const port = await freePort()
    const share = join(docker.dir, 'share')
    await mkdir(share)
    await writeFile(join(share, 'index.html'), 'from the host')
    await ok('network', 'create', '--label', 'k=v', 'docker-client')
    assert.equal(await ok('network', 'ls', '-q', '--filter', 'label=k=v', '--format', '{{.Name}}'), 'docker-client')
    await ok('volume', 'create', 'kept')
    await ok(
      ...['run', '-d', '--name', 'web', '--network', 'docker-client', '--network-alias', 'alias'],
      ...['-p', `${port}:80`, '-v', `${share}:/www:ro`, '-v', 'kept:/data', 'busybox', 'httpd', '-f', '-h', '/www'],
    )
    assert.equal((await ok('port', 'web', '80')).split('\n')[0], `0.0.0.0:${port}`)
    const fetched = async () => {
      for (;;)
        try {
          return await (await fetch(`http://127.0.0.1:${port}/`)).text()
        } catch {
          // httpd is about to listen
        }
    }
    assert.equal(await fetched(), 'from the host')
    for (const name of ['web', 'alias'])
      assert.equal(
        await ok('run', '--rm', '--network', 'docker-client', 'busybox', 'wget', '-qO-', `http://${name}/`),
        'from the host',
      )
    const [networked] = JSON.parse(await ok('network', 'inspect', 'docker-client'))
    assert.deepEqual(
      Object.values<{ Name: string }>(networked.Containers).map(({ Name }) => Name),
      ['web'],
    )
    assert.match((await docker.run(['network', 'rm', 'docker-client'])).stderr, /active endpoints|in use/)
    await ok('run', '--rm', '-v', 'kept:/data', 'busybox', 'sh', '-c', 'echo stays > /data/file')
    assert.equal(await ok('exec', 'web', 'cat', '/data/file'), 'stays')
    assert.equal((await docker.run(['volume', 'rm', 'kept'])).code, 1)
    await ok('rm', '-f', 'web')
    await ok('volume', 'rm', 'kept')
    assert.equal(await ok('volume', 'ls', '-q'), '')
  })

  test(`docker ${version}: events are told as they happen`, options, async t => {
    const docker = await withBusybox(t, path)
    const watching = docker.start('events', '--filter', 'type=container', '--format', '{{.Action}}')
    const seen = resultOf(watching)
    // The client is subscribed when it gets its answer; an event tells that it has.
    let told = false
    watching.stdout?.once('data', () => {
      told = true
    })
    while (!told) await docker.ok('run', '--rm', 'busybox', 'true')
    watching.kill()
    const { stdout } = await seen
    assert.match(stdout, /^(create|attach|start|die|destroy)\n/)
    const now = (Date.now() / 1000).toFixed(9)
    const past = await docker.ok('events', '--since', '1m', '--until', now, '--format', '{{.Type}} {{.Action}}')
    assert.match(past, /container create\ncontainer attach\n.*container start\n.*container die\n.*container destroy/s)
  })

  test(`docker ${version}: pull from a registry shows its progress`, options, async t => {
    const mirror = await startRegistry(t, 'busybox')
    const docker = await newDocker(t, path, { 'registry-mirrors': [mirror] })
    assert.match(
      await docker.ok('pull', 'busybox:1.36'),
      /1\.36: Pulling from library\/busybox.*Status: Downloaded newer image/s,
    )
    assert.equal(await docker.ok('run', '--rm', 'busybox:1.36', 'echo', 'pulled'), 'pulled')
    const missing = await docker.run(['pull', 'busybox:nosuch'])
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /not found|manifest unknown/)
  })

  test(`docker ${version}: what the engine cannot do yet is said plainly`, options, async t => {
    const docker = await newDocker(t, path)
    const { code, stderr } = await docker.run(['swarm', 'init'])
    assert.equal(code, 1)
    assert.match(stderr, /not supported yet: POST \/swarm\/init/)
  })
}
