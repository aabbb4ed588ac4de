import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMetrics } from '../../src/engine/daemon/metrics-server.ts'
import { formatLabels, formatMetric, labelName } from '../../src/engine/metrics/exposition.ts'
import { Bench, create, exitCode, run, skip } from './fixture.ts'

test("Prometheus' text format", () => {
  const metric = { name: 'a_total', type: 'counter', help: 'What it is.' } as const
  const common = formatLabels({ name: 'x"y\\z\n' })
  assert.equal(
    formatMetric(metric, [{ common, samples: [{ labels: { cpu: 'total' }, value: 1.5 }, { value: 2 }] }]),
    '# HELP a_total What it is.\n# TYPE a_total counter\n' +
      'a_total{name="x\\"y\\\\z\\n",cpu="total"} 1.5\na_total{name="x\\"y\\\\z\\n"} 2\n',
  )
  assert.equal(formatMetric(metric, [{ common, samples: [] }]), '')
  assert.equal(labelName('com.docker.compose.service'), 'container_label_com_docker_compose_service')
})

test('metrics of containers', { skip }, async t => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const Labels = { 'com.docker.compose.service': 'web', 'com.docker.compose.config-hash': 'x' }
  const HostConfig = { Memory: 64 << 20, NanoCpus: 5e8 }
  const busy = await run(engine, bench, ['sh', '-c', 'while :; do :; done'], { HostConfig, Labels })
  const ended = await run(engine, bench, ['true'])
  await exitCode(engine, ended)
  await create(engine, bench, ['true'])
  const text = await engine.systemMetrics()
  const value = (name: string, id: string) =>
    Number(new RegExp(`^${name}\\{[^}]*id="/docker/${id}"[^}]*\\} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN)

  await t.test('every line is of the format', () => {
    for (const line of text.trimEnd().split('\n')) assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.+\})? [\d.e+-]+)$/)
  })

  await t.test('have the names and labels of cAdvisor', () => {
    assert.ok(value('container_cpu_usage_seconds_total', busy) > 0)
    assert.ok(value('container_memory_working_set_bytes', busy) > 0)
    assert.equal(value('container_spec_memory_limit_bytes', busy), 64 << 20)
    assert.equal(value('container_spec_cpu_quota', busy), 50_000)
    assert.equal(value('container_health_state', busy), -1)
    assert.ok(value('container_processes', busy) >= 1)
    assert.match(text, /container_label_com_docker_compose_service="web"/)
    assert.doesNotMatch(text, /config_hash/)
    assert.match(text, /^machine_cpu_cores \d+$/m)
  })

  await t.test('of what has ended are what is known of it all the same', () => {
    assert.ok(Number.isNaN(value('container_cpu_usage_seconds_total', ended)))
    assert.ok(value('container_start_time_seconds', ended) > 0)
    assert.equal(value('container_restarts_total', ended), 0)
  })

  await t.test('are answered at an address of their own, and nothing else is', async () => {
    await using server = await serveMetrics(engine, '127.0.0.1:0', error => assert.fail(String(error)))
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(await answer.text(), /container_last_seen/)
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/containers/json`)).status, 404)
  })
})
