import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

const yaml = `
services:
  db:
    image: busybox
    command: sh -c 'sleep 0.2; touch /ready; exec sleep 1000'
    healthcheck: { test: test -e /ready, interval: 1s }
    volumes: [data:/data]
  job:
    image: busybox
    command: sh -c 'sleep 0.1'
    depends_on: { db: { condition: service_healthy } }
  app:
    image: busybox
    command: sleep 1000
    depends_on: { job: { condition: service_completed_successfully } }
    deploy: { replicas: 3 }
volumes:
  data:
`

test('Ctrl-C at any moment of up: the next up succeeds, the next down leaves nothing', { skip }, async t => {
  const machine = await newMachine(t)
  const [busybox = ''] = imageArchives('busybox')
  await machine.ok(['image', 'load', busybox])
  const cwd = await machine.project('interrupted', { 'compose.yaml': yaml })
  machine.defer(() => machine.run(['down', '-v', '-t', '0'], { cwd }))

  for (let round = 0; round < 10; round++) {
    const afterMs = Math.round(Math.random() * 900)
    await t.test(`after ${afterMs} ms`, async () => {
      const up = machine.start(['up', ...(round % 2 ? ['-d'] : [])], { cwd })
      const ended = new Promise<number | null>(resolve => up.once('close', resolve))
      up.stdout?.resume()
      up.stderr?.resume()
      await new Promise(resolve => setTimeout(resolve, afterMs))
      up.kill('SIGINT')
      assert.ok([0, 130, null].includes(await ended), `exit code ${await ended}`)

      await machine.ok(['up', '-d'], { cwd })
      const running = (await machine.ok(['ps', '--status', 'running', '-q'], { cwd })).trim().split('\n')
      assert.equal(running.length, 4)
      await machine.ok(['down', '-v', '-t', '1'], { cwd })
      assert.equal((await machine.ok(['ps', '-aq'], { cwd })).trim(), '')
    })
  }
})
