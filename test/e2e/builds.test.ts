import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, newMachine, root, skip } from './machine.ts'
import { startRegistry } from './registry.ts'

const certificates = '/etc/ssl/certs/ca-certificates.crt'

test('examples/builds: images of the kinds that people keep are built, and do what they are for', { skip }, async t => {
  const mirror = await startRegistry(t, 'alpine', 'debian', 'nginx', 'node', 'postgres')
  const machine = await newMachine(t, { 'registry-mirrors': [mirror] })
  const [nodePort, nginxPort] = [await freePort(), await freePort()]
  const cwd = join(machine.dir, 'builds')
  await cp(join(root, 'examples/builds'), cwd, { recursive: true })
  const env = {
    NODE_PORT: String(nodePort),
    NGINX_PORT: String(nginxPort),
    PASSWORD: 'secret',
    ...(existsSync(certificates) && { CERTIFICATES: certificates }),
  }
  const options = { cwd, env }
  const run = async (...args: string[]) => (await machine.ok(['run', '--rm', '-T', ...args], options)).trim()
  machine.defer(() => machine.run(['down', '-v', '-t', '1'], options))

  await machine.ok(['build'], options)

  await t.test('a C program alone on scratch', async () => {
    assert.equal(await run('c', 'reader'), 'good day, reader')
  })
  await t.test('a Python service with Debian packages', async () => {
    assert.equal(await run('python'), 'colour=green, size=7')
  })
  await t.test('two targets of one repository, and not the third', async () => {
    assert.equal(await run('api'), 'greetings from the api')
    assert.equal(await run('worker'), 'greetings from the worker')
  })
  await t.test('a secret is there for its step only', async () => {
    assert.match(await run('secrets'), /^[0-9a-f]{16}$/)
    assert.equal(await run('secrets', 'sh', '-c', 'ls -A /run/secrets; env | grep -c PASSWORD || true'), '0')
  })
  await t.test('triggers of a parent image', async () => {
    assert.equal(await run('child'), 'from the child\nmade for somebody\nand changed once')
  })
  await t.test('the servers among them serve', async () => {
    await machine.ok(['up', '--wait', 'node', 'nginx', 'postgres'], options)
    const text = async (port: number) => await (await fetch(`http://127.0.0.1:${port}/`)).text()
    assert.equal(await text(nodePort), 'two days are 172800000 milliseconds\n')
    assert.match(await text(nginxPort), /<title>Built here<\/title>/)
    const psql = ['psql', '-U', 'postgres', '-tAc', 'SELECT double(21)']
    assert.equal((await machine.ok(['exec', '-T', 'postgres', ...psql], options)).trim(), '42')
  })

  await t.test('a mistake is shown at its line, with what was meant', async () => {
    const mistakes: Record<string, RegExp> = {
      'FROM alpine:3\nRUNN true\n': /Dockerfile:2:1: unknown instruction: RUNN[^]*did you mean RUN\?/,
      'FROM alpine:3\nCOPY pakage.json /x\n':
        /Dockerfile:2:1: "\/pakage.json": not found[^]*did you mean package.json\?/,
      '# check=error=true\nFROM alpine:3\nCMD x\n':
        /Dockerfile:3:1: lint violation found for rules: JSONArgsRecommended/,
    }
    for (const [dockerfile, message] of Object.entries(mistakes)) {
      const files = { 'compose.yaml': 'services: { a: { build: . } }', 'package.json': '{}', Dockerfile: dockerfile }
      const { code, stderr } = await machine.run(['build'], { cwd: await machine.project('mistake', files) })
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
  })

  await t.test('what has not changed is not built again', async () => {
    const { stderr } = await machine.run(['build', 'c'], options)
    assert.match(stderr, /RUN gcc[^\n]*\n#\d+ CACHED/)
    await writeFile(join(cwd, 'c-scratch/hello.c'), '#include <stdio.h>\nint main(void) { puts("other"); return 0; }\n')
    const again = await machine.run(['build', 'c'], options)
    assert.match(again.stderr, /COPY \*\.c \.\/\n#\d+ runs because .*hello\.c/)
    assert.match(again.stderr, /RUN apt-get[^\n]*\n#\d+ CACHED/)
    assert.equal(await run('c'), 'other')
  })
})
