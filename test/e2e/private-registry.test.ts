import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort, imageArchives, type Machine, newMachine, skip } from './machine.ts'

const options = { skip, timeout: 240_000 }

const configuration = (more = '') => `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: /var/lib/registry } }
http: { addr: ":5000"${more} }
`

const compose = (port: number) => `name: private
services:
  registry:
    image: rootfs:/
    command: docker-registry serve /registry/config.yml
    ports: ["${port}:5000"]
    restart: always
    volumes: ["data:/var/lib/registry", "./registry:/registry:ro"]
volumes: { data: {} }
`

/** Debian's docker-registry in a container, as people run one, and an image with a name there. */
async function privateRegistry(t: TestContext, files: Readonly<Record<string, string>>) {
  const machine = await newMachine(t)
  const port = await freePort()
  const cwd = await machine.project('private', { 'compose.yaml': compose(port), ...files })
  machine.defer(() => machine.run(['down', '-v', '-t', '0'], { cwd }))
  await machine.ok(['up', '-d', '--wait'], { cwd })
  await machine.ok(['image', 'load', '-i', imageArchives('busybox')[0] ?? ''])
  const name = `localhost:${port}/team/box:1`
  await machine.ok(['image', 'tag', 'busybox', name])
  await listening(machine, port)
  return { machine, cwd, name, host: `localhost:${port}` }
}

/** The port is published before the program listens: what is asked until then breaks off. */
async function listening(machine: Machine, port: number): Promise<void> {
  for (;;) {
    const { stderr } = await machine.run(['image', 'pull', `localhost:${port}/nosuch`])
    if (!stderr.includes('REGISTRY_UNREACHABLE')) return
  }
}

async function digestOf(machine: Machine, name: string): Promise<string> {
  const [image] = JSON.parse(await machine.ok(['image', 'inspect', name]))
  return image.RepoDigests.find((digest: string) => digest.startsWith(name.replace(/:1$/, '@')))
}

test('an image is pushed to a registry of ours, removed, pulled back and run', options, async t => {
  const { machine, cwd, name } = await privateRegistry(t, { 'registry/config.yml': configuration() })
  assert.match(await machine.ok(['image', 'push', name]), /: Pushed\n1: digest: sha256:[0-9a-f]{64} size: \d+\n$/)
  const digest = await digestOf(machine, name)
  await machine.ok(['restart', '-t', '0'], { cwd })
  await listening(machine, Number(/:(\d+)/.exec(name)?.[1]))
  assert.match(await machine.ok(['image', 'push', name]), /Layer already exists/, 'the registry has kept it')
  await machine.ok(['image', 'rm', '-f', ...(await machine.ok(['image', 'ls', '-q'])).split('\n').filter(Boolean)])
  await machine.ok(['image', 'pull', name])
  assert.equal(await digestOf(machine, name), digest)
  const project = await machine.project('user', {
    'compose.yaml': `services: { app: { image: "${name}", command: echo it runs } }`,
  })
  machine.defer(() => machine.run(['down'], { cwd: project }))
  assert.match(await machine.ok(['up', '--no-color'], { cwd: project }), /it runs/)
})

test('a registry with TLS and a password, for our commands and for docker', options, async t => {
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  const pem = execFileSync('openssl', [...request, '-keyout', '-', '-out', '-'], { encoding: 'utf8', stdio: 'pipe' })
  const hash = execFileSync('perl', ['-e', 'print crypt("secret", q($2y$05$abcdefghijklmnopqrstuu))'], {
    encoding: 'utf8',
  })
  const tls = ', tls: { certificate: /registry/both.pem, key: /registry/both.pem }'
  const auth = 'auth: { htpasswd: { realm: private, path: /registry/htpasswd } }\n'
  const { machine, name, host } = await privateRegistry(t, {
    'registry/config.yml': configuration(tls) + auth,
    'registry/both.pem': pem,
    'registry/htpasswd': `me:${hash}\n`,
  })
  const refused = await machine.run(['image', 'push', name])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /push access denied/)
  const login = (password: string) =>
    machine.run(['login', '-u', 'me', '--password-stdin', host], { input: `${password}\n` })
  assert.match((await login('wrong')).stderr, /REGISTRY_LOGIN_REFUSED/)
  assert.match((await login('secret')).stdout, /Login Succeeded/)
  await machine.ok(['image', 'push', name])
  const docker = (...args: string[]) => machine.dockerOk(args)
  await docker('tag', name, `${host}/other/box:1`)
  assert.match(await docker('push', `${host}/other/box:1`), /Mounted from team\/box/)
  await docker('rmi', name, `${host}/other/box:1`)
  assert.match(await docker('pull', name), /Status: (Downloaded newer image|Image is up to date)/)
  const archive = join(machine.dir, 'saved.tar')
  await docker('save', '-o', archive, name)
  assert.ok(readFileSync(archive).includes('index.json'))
  assert.match(await docker('load', '-i', archive), /Loaded image: localhost/)
  assert.match(await docker('history', name), /test\/images\/busybox/)
  assert.match(await machine.ok(['logout', host]), /Removing login credentials/)
  assert.equal((await machine.run(['image', 'pull', name])).code, 1)
})
