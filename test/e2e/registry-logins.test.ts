import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, type Machine, newMachine, type Result, skip } from './machine.ts'
import { htpasswd, startRegistryProcess } from './registry-process.ts'
import { startTokenServer } from './token-server.ts'

const options = { skip, timeout: 120_000 }

async function withBusybox(t: Parameters<typeof newMachine>[0]): Promise<Machine> {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-i', imageArchives('busybox')[0] ?? ''])
  return machine
}

/** Without BuildKit: its client sends logins in another way. */
const docker = (machine: Machine, args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<Result> =>
  machine.docker(args, { env: { DOCKER_BUILDKIT: '0', ...env }, input })

const config = (machine: Machine) =>
  JSON.parse(readFileSync(join(machine.env.HOME ?? '', '.docker/config.json'), 'utf8'))

/** A credential helper that keeps its logins in a file. */
function credentialHelper(machine: Machine): NodeJS.ProcessEnv {
  const bin = join(machine.dir, 'bin')
  mkdirSync(bin)
  const kept = join(machine.dir, 'kept')
  const script = `#!/bin/sh
case $1 in
store) cat > ${kept} ;;
erase) rm -f ${kept} ;;
list) [ -f ${kept} ] && sed 's/.*"ServerURL":"\\([^"]*\\)".*/{"\\1":"me"}/' ${kept} || echo '{}' ;;
get) read server; grep -q "$server" ${kept} 2>/dev/null && cat ${kept} || { echo credentials not found in native keychain; exit 1; } ;;
esac
`
  writeFileSync(join(bin, 'docker-credential-test'), script)
  chmodSync(join(bin, 'docker-credential-test'), 0o755)
  return { PATH: `${bin}:${process.env.PATH}` }
}

test('a registry with a password (htpasswd), for our commands and for docker', options, async t => {
  const machine = await withBusybox(t)
  const helper = credentialHelper(machine)
  await machine.ok(['engine', 'stop'])
  await machine.ok(['engine', 'start'], { env: helper })
  const passwords = join(machine.dir, 'htpasswd')
  writeFileSync(passwords, htpasswd('me', 'secret'))
  const host = await startRegistryProcess(machine, `auth: { htpasswd: { realm: tests, path: ${passwords} } }\n`)
  const name = `${host}/team/box:1`
  await machine.ok(['image', 'tag', 'busybox', name])
  const login = (password: string, env: NodeJS.ProcessEnv = {}) =>
    machine.run(['login', '-u', 'me', '--password-stdin', host], { input: `${password}\n`, env })
  const cwd = await machine.project('builds', {
    'compose.yaml': `services: { app: { build: { dockerfile_inline: "FROM ${name}" } } }`,
    Dockerfile: `FROM ${name}\n`,
  })
  const forget = () => machine.run(['image', 'rm', '-f', name, 'builds-app'])

  await t.test('nobody is refused', async () => {
    const { code, stderr } = await machine.run(['image', 'push', name])
    assert.equal(code, 1)
    assert.match(stderr, /push access denied for .*team\/box, repository does not exist or may require 'docker login'/)
  })
  await t.test('a wrong password is told, and not kept', async () => {
    const { code, stdout, stderr } = await login('wrong')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /login attempt to http:.*\/v2\/ failed: unauthorized: authentication required/)
    assert.equal(existsSync(join(machine.env.HOME ?? '', '.docker/config.json')), false)
  })
  await t.test('a login is kept, pushes and pulls, and is asked for by builds', async () => {
    const { code, stdout, stderr } = await login('secret')
    assert.deepEqual([code, stdout], [0, 'Login Succeeded\n'])
    assert.match(stderr, /stored unencrypted/)
    assert.deepEqual(config(machine).auths, { [host]: { auth: Buffer.from('me:secret').toString('base64') } })
    await machine.ok(['image', 'push', name])
    await forget()
    await machine.ok(['image', 'pull', name])
    await forget()
    await machine.ok(['build'], { cwd })
  })
  await t.test('a login that only the command knows goes with its requests', async () => {
    const elsewhere = { DOCKER_CONFIG: join(machine.dir, 'elsewhere') }
    await machine.ok(['logout', host])
    await forget()
    await login('secret', elsewhere)
    assert.equal((await machine.run(['build'], { cwd })).code, 1)
    await machine.ok(['build'], { cwd, env: elsewhere })
    await forget()
    assert.equal((await machine.run(['image', 'pull', name])).code, 1)
    await machine.ok(['image', 'pull', name], { env: elsewhere })
    await machine.ok(['logout', host], { env: elsewhere })
  })
  for (const [key, settings] of [
    ['credsStore', { credsStore: 'test' }],
    ['credHelpers', { credHelpers: { [host]: 'test' } }],
  ] as const)
    await t.test(`a login in a ${key} helper`, async () => {
      const directory = join(machine.dir, key)
      mkdirSync(directory)
      writeFileSync(join(directory, 'config.json'), JSON.stringify(settings))
      const env = { ...helper, DOCKER_CONFIG: directory }
      const { stdout, stderr } = await login('secret', env)
      assert.deepEqual([stdout, stderr], ['Login Succeeded\n', ''])
      assert.doesNotMatch(readFileSync(join(directory, 'config.json'), 'utf8'), /"auth":/)
      await forget()
      await machine.ok(['image', 'pull', name], { env })
      await forget()
      await machine.ok(['build'], { cwd, env })
      assert.match(await machine.ok(['logout', host], { env }), /Removing login credentials for/)
      assert.match(await machine.ok(['logout', host], { env }), /Not logged in to/)
      assert.equal((await machine.run(['image', 'pull', name], { env })).code, 1)
    })
  await t.test('the docker client: login, push, pull, build, logout', async () => {
    const env = { DOCKER_CONFIG: join(machine.dir, 'docker') }
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await docker(machine, args, env)
      assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}${stdout}`)
      return stdout
    }
    await machine.ok(['image', 'tag', 'busybox', name])
    const wrong = await docker(machine, ['login', '-u', 'me', '--password-stdin', host], env, 'wrong')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /unauthorized/)
    assert.notEqual((await docker(machine, ['push', name], env)).code, 0)
    assert.match((await docker(machine, ['login', '-u', 'me', '--password-stdin', host], env, 'secret')).stdout, /Succ/)
    await run('push', name)
    await run('rmi', '-f', name)
    await run('pull', name)
    await run('rmi', '-f', name)
    assert.match(await run('build', '-q', cwd), /^sha256:/)
    await run('logout', host)
    await run('rmi', '-f', name)
    assert.notEqual((await docker(machine, ['pull', name], env)).code, 0)
  })
})

test('a registry with a token server', options, async t => {
  const machine = await withBusybox(t)
  const tokens = await startTokenServer(machine)
  const host = await startRegistryProcess(machine, tokens.auth)
  const name = `${host}/team/box:1`
  await machine.ok(['image', 'tag', 'busybox', name])
  const login = (password: string) =>
    machine.run(['login', '-u', 'me', '--password-stdin', host], { input: `${password}\n` })

  await t.test('a wrong password is told', async () => {
    const { code, stderr } = await login('wrong')
    assert.equal(code, 1)
    assert.match(stderr, /wrong user or password/)
  })
  await t.test('a login is kept as an identity token', async () => {
    assert.match((await login('secret')).stdout, /Login Succeeded/)
    const [identity = ''] = tokens.identities
    assert.deepEqual(config(machine).auths[host], {
      auth: Buffer.from('me:').toString('base64'),
      identitytoken: identity,
    })
  })
  await t.test('it pushes and pulls, each with the rights that it needs', async () => {
    tokens.asked.length = 0
    await machine.ok(['image', 'push', name])
    await machine.ok(['image', 'rm', name])
    await machine.ok(['image', 'pull', name])
    assert.match(tokens.asked[0] ?? '', /^identity .*repository:team\/box:pull,push/)
    assert.equal(tokens.asked.at(-1), 'identity repository:team/box:pull')
  })
  await t.test('a token that is good no longer is told', async () => {
    tokens.identities.clear()
    await machine.ok(['image', 'rm', name])
    const { code, stderr } = await machine.run(['image', 'pull', name])
    assert.equal(code, 1)
    assert.match(stderr, /REGISTRY_UNAUTHORIZED/)
  })
  await t.test('docker logs in for an identity token, too, and pulls with it', async () => {
    const env = { DOCKER_CONFIG: join(machine.dir, 'docker') }
    const { stdout } = await docker(machine, ['login', '-u', 'me', '--password-stdin', host], env, 'secret')
    assert.match(stdout, /Login Succeeded/)
    const { code, stderr } = await docker(machine, ['pull', name], env)
    assert.equal(code, 0, stderr)
    assert.equal(tokens.asked.at(-1), 'identity repository:team/box:pull')
  })
})
