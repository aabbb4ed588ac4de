import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePort, imageArchives, newMachine, skip } from './machine.ts'

/** Files that are refused before anything is done: what the message must say, with the place. */
const refused: Record<string, { yaml: string; says: readonly RegExp[] }> = {
  'an unknown key': {
    yaml: 'services:\n  web:\n    image: busybox\n    prots: ["80"]\n',
    says: [/compose\.yaml:4:5: /, /prots/, /ports/],
  },
  'a wrong type': {
    yaml: 'services:\n  web:\n    image: busybox\n    environment: 3\n',
    says: [/compose\.yaml:4:\d+: /, /environment/],
  },
  'an undefined service in depends_on': {
    yaml: 'services:\n  web:\n    image: busybox\n    depends_on: [bd]\n  db:\n    image: busybox\n',
    says: [/compose\.yaml:4:\d+: /, /depends on undefined service "?bd"?/],
  },
  'a cycle': {
    yaml: 'services:\n  a: { image: busybox, depends_on: [b] }\n  b: { image: busybox, depends_on: [a] }\n',
    says: [/compose\.yaml:[23]:\d+: /, /cycle/, /a.*b.*a|b.*a.*b/],
  },
  'a missing variable that is required': {
    yaml: 'services:\n  web:\n    image: ${IMAGE:?set it in .env}\n',
    says: [/compose\.yaml:3:\d+: /, /IMAGE/, /set it in \.env/],
  },
  'YAML that is none': {
    yaml: 'services:\n  web: [\n',
    says: [/compose\.yaml:\d+:\d+: /],
  },
}

test('a file with a mistake is refused, with the place, and nothing is started', { skip }, async t => {
  const machine = await newMachine(t)
  for (const [what, { yaml, says }] of Object.entries(refused))
    await t.test(what, async () => {
      const cwd = await machine.project('wrong', { 'compose.yaml': yaml })
      const { code, stdout, stderr } = await machine.run(['up', '-d'], { cwd })
      assert.equal(code, 1, stderr)
      assert.equal(stdout, '')
      for (const pattern of says) assert.match(stderr, pattern)
      assert.doesNotMatch(stderr, /\n +at .+:\d+:\d+/, 'no stack trace')
      assert.equal((await machine.ok(['ls', '-aq'], { cwd })).trim(), '')
    })
})

test('what cannot be started is named, and what could be started goes on', { skip }, async t => {
  const machine = await newMachine(t)
  const [busybox = ''] = imageArchives('busybox')
  await machine.ok(['image', 'load', busybox])
  const up = async (name: string, broken: string) => {
    const yaml = `services:\n  good: { image: busybox, command: sleep 1000 }\n  broken: { ${broken}, depends_on: [good] }\n`
    const cwd = await machine.project(name, { 'compose.yaml': yaml })
    machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
    const result = await machine.run(['up', '-d'], { cwd })
    assert.equal(result.code, 1, result.stderr)
    return { ...result, good: (await machine.ok(['ps', '--services'], { cwd })).trim() }
  }

  await t.test('a missing image', async () => {
    const { stderr } = await up('image', 'image: "no-such-image:1", pull_policy: never')
    assert.match(stderr, /no-such-image:1/)
  })
  await t.test('a missing bind source', async () => {
    const volume = '{type: bind, source: /no/such/directory, target: /data, bind: {create_host_path: false}}'
    const { stderr } = await up('bind', `image: busybox, volumes: [${volume}]`)
    assert.match(stderr, /broken/)
    assert.match(stderr, /\/no\/such\/directory/)
  })
  await t.test('a port that is taken, with the process that has it', async () => {
    const port = await freePort()
    const server = createServer().listen(port, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { stderr, good } = await up('port', `image: busybox, command: sleep 1000, ports: ["${port}:80"]`)
    server.close()
    assert.match(stderr, /broken/)
    assert.match(stderr, new RegExp(`${port}.*port is already allocated`, 's'))
    assert.match(stderr, new RegExp(`${process.pid}`))
    assert.equal(good, 'good')
  })
  await t.test('a command that is not there', async () => {
    const { stderr, good } = await up('command', 'image: busybox, command: /no/such/program')
    assert.match(stderr, /broken/)
    assert.match(stderr, /\/no\/such\/program.*(no such file or directory|not found)/is)
    assert.equal(good, 'good')
  })
})

/** Each service fails in a way of its own: what `up --wait` must say about it besides its name. */
const failing: Record<string, { yaml: string; says: readonly RegExp[] }> = {
  'a program that ends': {
    yaml: '{ image: "rootfs:/", command: [sh, -c, "echo no config; exit 3"] }',
    says: [/exited \(3\) \[COMPOSE_SERVICE_EXITED\]/, /output: {2}no config/],
  },
  'a program that ends again and again': {
    yaml: '{ image: "rootfs:/", command: [sh, -c, "exit 4"], restart: always }',
    says: [/\[COMPOSE_SERVICE_CRASH_LOOP\]/, /3 times in a row, the last time with exit code 4/],
  },
  'want of memory': {
    yaml: '{ image: "rootfs:/", command: [sh, -c, "sleep 0.4; tail /dev/zero"], mem_limit: 30m, healthcheck: { test: sleep 9 } }',
    says: [/\[COMPOSE_SERVICE_OUT_OF_MEMORY\]/, /it had \d+\.\dMiB of its limit of 30\.0MiB/],
  },
  'a probe that fails': {
    yaml: '{ image: "rootfs:/", command: sleep 100, healthcheck: { test: echo no disk; exit 1, interval: 50ms, retries: 2 } }',
    says: [/\[COMPOSE_SERVICE_UNHEALTHY\]/, /with exit code 1: echo no disk; exit 1/, /probe: {3}no disk/],
  },
}

test('up says why a service failed, and who waited for it', { skip }, async t => {
  const machine = await newMachine(t)
  for (const [what, { yaml, says }] of Object.entries(failing))
    await t.test(what, async () => {
      const text = `services:\n  bad: ${yaml}\n  web: { image: "rootfs:/", command: sleep 100, depends_on: { bad: { condition: service_healthy } } }\n`
      const cwd = await machine.project('why', { 'compose.yaml': text })
      const { code, stderr } = await machine.run(['up', '-d', '--wait', 'bad'], { cwd })
      const dependent = await machine.run(['up', '-d'], { cwd })
      await machine.run(['down', '-t', '0'], { cwd })
      assert.equal(code, 1)
      for (const pattern of says) assert.match(stderr, pattern)
      assert.equal(dependent.code, 1)
      assert.match(dependent.stderr, /waiting: web \(service_healthy\)/)
    })
})

test('a service that nobody knows is told by every command that takes one', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('nobody', { 'compose.yaml': 'services: { web: { image: busybox } }\n' })
  for (const command of ['ps', 'logs', 'top', 'images', 'stop', 'restart', 'kill', 'stats', 'volumes', 'events'])
    await t.test(command, async () => {
      const { code, stderr } = await machine.run([command, 'nobody'], { cwd })
      assert.match(stderr, /no such service: nobody/)
      assert.equal(code, 1)
    })
})
