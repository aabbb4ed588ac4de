import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerCompose } from '../../bench/docker-compose.ts'
import { imageArchives, type Machine, newMachine, type Result, resultOf, skip } from './machine.ts'
import { htpasswd, startRegistryProcess } from './registry-process.ts'

/** Clients of BuildKit: docker 20.10, whose builds come over /build and /session, and docker compose, over /grpc. */

const docker = '/usr/bin/docker'
const isDocker2010 = / 20\.10\./.test(spawnSync(docker, ['--version'], { encoding: 'utf8' }).stdout ?? '')

const dockerfile = `# syntax=docker/dockerfile:1
FROM alpine AS first
ARG WHO=nobody
RUN echo "from $WHO"; echo $WHO > /who
FROM alpine
COPY --from=first /who /who
COPY . /all
CMD ["cat", "/who", "/all/file"]
`

const files = {
  Dockerfile: dockerfile,
  file: 'in the context\n',
  'sub/deep/größe': 'x',
  'left/out': 'x',
  '.dockerignore': 'left\n',
  'own.Dockerfile': 'FROM alpine\nCOPY . /all\nRUN ls -A /all\n',
  'own.Dockerfile.dockerignore': 'sub\n',
}

const client = (machine: Machine, cwd: string) => {
  const env = {
    PATH: process.env.PATH,
    HOME: machine.dir,
    DOCKER_HOST: `unix://${machine.socket}`,
    DOCKER_BUILDKIT: '1',
    BUILDKIT_PROGRESS: 'plain',
  }
  const start = (args: readonly string[], input: string | Buffer = '') => {
    const child = spawn(docker, args, { cwd, env })
    child.stdin.end(input)
    return child
  }
  const run = (args: readonly string[], input?: string | Buffer): Promise<Result> => resultOf(start(args, input))
  const ok = async (args: readonly string[], input?: string | Buffer) => {
    const { code, stdout, stderr } = await run(args, input)
    assert.equal(code, 0, stderr + stdout)
    return stdout + stderr
  }
  return { start, run, ok }
}

/** What builds have in the data root while they run. */
const leftovers = (machine: Machine) => readdirSync(join(machine.env.TSCOMPOSE_DATA ?? '', 'build/work'))

test('docker 20.10 with DOCKER_BUILDKIT=1', {
  skip: skip || (!isDocker2010 && 'no docker 20.10'),
  timeout: 180_000,
}, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const cwd = await machine.project('context', files)
  const { start, run, ok } = client(machine, cwd)

  await t.test('sends what it has, shows the steps, and has an image', async () => {
    const shown = await ok([
      'build',
      '-t',
      'built:1',
      '--build-arg',
      'WHO=me',
      '--label',
      'a=b',
      '--iidfile',
      'left/id',
      '.',
    ])
    assert.match(shown, /#\d+ \[first 2\/2\] RUN echo "from me".*\n(#.*\n)*#\d+ [\d.]+ from me\n#\d+ DONE/)
    assert.match(shown, /#\d+ \[internal\] load build context\n(#.*\n)*#\d+ transferring context: .* done/)
    const id = readFileSync(join(cwd, 'left/id'), 'utf8').trim()
    assert.equal(await ok(['inspect', '-f', '{{.Id}} {{.Config.Labels.a}}', 'built:1']), `${id} b\n`)
    assert.equal(await ok(['run', '--rm', '--network=none', 'built:1']), 'me\nin the context\n')
    const inside = await ok(['run', '--rm', '--network=none', 'built:1', 'find', '/all'])
    assert.match(inside, /\/all\/sub\/deep\/größe$/m)
    assert.doesNotMatch(inside, /left/)
  })

  await t.test('finds its steps in the cache; its own ignore file counts before that of the context', async () => {
    const again = await ok(['build', '--build-arg', 'WHO=me', '.'])
    assert.match(again, /COPY \. \/all\n(#.*\n)*#\d+ CACHED/)
    assert.match(await ok(['build', '-f', 'own.Dockerfile', '.']), / left\n(#.*\n)*/)
    assert.doesNotMatch(await ok(['build', '--no-cache', '-f', 'own.Dockerfile', '.']), /CACHED\n(#.*\n|\n)*#.* sub\n/)
  })

  await t.test('secrets and an SSH agent are lent, and a secret that is not there is told', async () => {
    const agent = join(machine.dir, 'agent')
    const serving = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' })
    machine.defer(() => serving.kill())
    while (!existsSync(agent)) await sleep(10)
    const text =
      'FROM alpine\nRUN --mount=type=secret,id=s --mount=type=ssh cat /run/secrets/s; test -S "$SSH_AUTH_SOCK" && echo agent\n'
    const flags = ['--secret', 'id=s,src=file', '--ssh', `default=${agent}`]
    assert.match(await ok(['build', ...flags, '-'], text), /in the context\n.* agent\n/)
    const missing = await run(['build', '-'], 'FROM alpine\nRUN --mount=type=secret,id=t,required=true true\n')
    assert.notEqual(missing.code, 0)
    assert.match(missing.stderr, /secret t: not found/)
  })

  await t.test('takes a Dockerfile or an archive from standard input', async () => {
    assert.match(await ok(['build', '-f', '-', '.'], 'FROM alpine\nCOPY file /x\nRUN cat /x\n'), /in the context/)
    const archive = spawnSync('tar', ['-c', '-C', cwd, '.'], { encoding: 'buffer' }).stdout
    await ok(['build', '-t', 'tarred', '-'], archive)
    assert.match(await ok(['run', '--rm', '--network=none', 'tarred']), /in the context/)
  })

  await t.test('takes the files home, as a directory and as an archive, and leaves no image', async () => {
    const text =
      'FROM alpine AS a\nRUN mkdir -p /x/d; echo 1 > /x/z; ln /x/z /x/d/a; ln -s z /x/l; chmod 4711 /x/z\nFROM scratch\nCOPY --from=a /x /x\n'
    const before = await ok(['images', '-aq'])
    await ok(['build', '--output', 'type=local,dest=out', '-'], text)
    assert.equal(readFileSync(join(cwd, 'out/x/d/a'), 'utf8'), '1\n')
    assert.equal(readFileSync(join(cwd, 'out/x/z'), 'utf8'), '1\n')
    assert.equal(readlinkSync(join(cwd, 'out/x/l')), 'z')
    await ok(['build', '--output', 'type=tar,dest=out.tar', '-'], text)
    assert.match(spawnSync('tar', ['-tf', join(cwd, 'out.tar')], { encoding: 'utf8' }).stdout, /^x\/z$/m)
    assert.equal(await ok(['images', '-aq']), before)
  })

  await t.test('shows what fails, and where', async () => {
    const failed = await run(['build', '-'], 'FROM alpine\nRUN echo out; exit 7\n')
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /out\n(.*\n)*.*ERROR: .*exit code: 7\n(.*\n)* > \[2\/2\] RUN echo out; exit 7/)
    assert.match((await run(['build', '-'], 'FROM alpine\nRUNN true\n')).stderr, /unknown instruction: RUNN/)
    const foreign = await run(['build', '-'], '# syntax=example/other:1\nWHATEVER\n')
    assert.equal(foreign.code, 1)
    assert.match(foreign.stderr, /the frontend example\/other:1: only docker\/dockerfile is/)
  })

  await t.test('an interrupt, and the end of the client, end the build', async () => {
    for (const stopSignal of ['SIGINT', 'SIGKILL'] as const) {
      const child = start(['build', '-'], `FROM alpine\nRUN echo ${stopSignal}; exec sleep 7123\n`)
      let shown = ''
      child.stderr.on('data', data => {
        shown += data
        if (new RegExp(`\\d ${stopSignal}\n`).test(shown)) child.kill(stopSignal)
      })
      await resultOf(child)
      assert.match(shown, new RegExp(`\\d ${stopSignal}\n`))
      // The client does not wait for the end.
      const isRunning = () => spawnSync('pgrep', ['-f', '^sleep 7123']).status === 0
      while (isRunning() || leftovers(machine).length > 0) await sleep(20)
    }
  })
})

test('docker compose with its own BuildKit client', { skip, timeout: 120_000 }, async t => {
  const machine = await newMachine(t)
  let binary: string
  try {
    binary = dockerCompose()
  } catch {
    return t.skip('apt cannot fetch docker compose here')
  }
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const yaml = `
services:
  web:
    build:
      context: app
      args: {WHO: composed}
      labels: {a: b}
      secrets: [token]
      extra_hosts: ['there:10.1.2.3']
      additional_contexts: {other: other}
      tags: ['more:1']
      target: last
    command: cat /who
  inline:
    build:
      context: .
      dockerfile_inline: |
        FROM alpine
        COPY token /token
        CMD ["cat", "/token"]
  broken:
    profiles: [broken]
    build:
      context: .
      dockerfile_inline: |
        FROM alpine
        RUN exit 9
secrets:
  token: {file: token}
`
  const cwd = await machine.project('theirs', {
    'compose.yaml': yaml,
    'app/Dockerfile': `FROM alpine AS last
ARG WHO=nobody
COPY --from=other one /one
RUN --mount=type=secret,id=token cat /run/secrets/token /one; grep there /etc/hosts; echo $WHO > /who
FROM alpine
`,
    'other/one': 'from another\n',
    token: 'a token\n',
  })
  const env = { ...machine.env, DOCKER_HOST: `unix://${machine.socket}`, BUILDKIT_PROGRESS: 'plain' }
  const compose = (...args: string[]) => {
    const child = spawn(binary, args, { cwd, env })
    child.stdin.end()
    return resultOf(child)
  }
  machine.defer(() => compose('down', '-t', '0'))

  await t.test('up --build', async () => {
    const { code, stdout, stderr } = await compose('up', '--build')
    assert.equal(code, 0, stderr + stdout)
    assert.match(stdout, /web-1 +\| composed$/m)
    assert.match(stdout, /inline-1 +\| a token$/m)
    const shown = stdout + stderr
    for (const line of [/a token$/m, /from another$/m, /10\.1\.2\.3\s+there$/m, /#\d+ \[web 3\/3\] RUN/])
      assert.match(shown, line)
    const [image] = JSON.parse(await machine.ok(['image', 'inspect', 'more:1']))
    assert.equal(image.Config.Labels.a, 'b')
    assert.ok(image.RepoTags.includes('theirs-web:latest'))
  })

  await t.test('build takes its steps from the cache, and shows the place that fails', async () => {
    const { code, stdout, stderr } = await compose('build')
    assert.equal(code, 0, stderr)
    assert.match(stdout + stderr, /\[web 3\/3\] RUN.*\n#\d+ CACHED/)
    const broken = await compose('--profile', 'broken', 'build', 'broken')
    assert.notEqual(broken.code, 0)
    assert.match(
      broken.stdout + broken.stderr,
      /failed to solve: process "\/bin\/sh -c exit 9" did not complete successfully: exit code: 9/,
    )
    assert.deepEqual(leftovers(machine), [])
  })
})

test('a private base image, by the login that the client has, and caches in a registry', {
  skip,
  timeout: 120_000,
}, async t => {
  if (!isDocker2010) return t.skip('no docker 20.10')
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const passwords = join(machine.dir, 'htpasswd')
  writeFileSync(passwords, htpasswd('me', 'secret'))
  const host = await startRegistryProcess(machine, `auth: { htpasswd: { realm: tests, path: ${passwords} } }\n`)
  const name = `${host}/team/base:1`
  await machine.ok(['image', 'tag', 'alpine', name])
  await machine.ok(['login', '-u', 'me', '--password-stdin', host], { input: 'secret\n' })
  await machine.ok(['image', 'push', name])
  await machine.ok(['logout', host])
  await machine.ok(['image', 'rm', name])
  const cwd = await machine.project('private', { Dockerfile: `FROM ${name}\nRUN echo from $(id -u) > /x\n` })
  const { run, ok } = client(machine, cwd)
  const refused = await run(['build', '.'])
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /unauthorized|authentication required|no basic auth|denied|login/i)
  mkdirSync(join(machine.dir, '.docker'), { recursive: true })
  const auths = { [host]: { auth: Buffer.from('me:secret').toString('base64') } }
  writeFileSync(join(machine.dir, '.docker/config.json'), JSON.stringify({ auths }))
  const cached = `${host}/team/app:1`
  await ok(['build', '-t', cached, '--build-arg', 'BUILDKIT_INLINE_CACHE=1', '.'])
  await ok(['push', cached])
  await ok(['rmi', cached])
  await ok(['builder', 'prune', '-af'])
  assert.match(await ok(['build', '--cache-from', cached, '.']), /RUN echo from.*\n(#.*\n)*#\d+ CACHED/)
})
