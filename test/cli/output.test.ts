import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveEnvironment } from '../../src/cli/environment.ts'
import { renderFailure } from '../../src/cli/failure.ts'
import { addressLines } from '../../src/cli/output/addresses.ts'
import { containerFields, displayPorts } from '../../src/cli/output/container-fields.ts'
import { describeEngine } from '../../src/cli/output/engine-status.ts'
import { renderFormat } from '../../src/cli/output/format.ts'
import { humanSize } from '../../src/cli/output/human-size.ts'
import { LogPrinter } from '../../src/cli/output/log-printer.ts'
import { renderTable } from '../../src/cli/output/table.ts'
import { effectiveMode, jsonLine, plainLine } from '../../src/cli/progress/progress.ts'
import { wantsTty } from '../../src/cli/terminal.ts'
import type { ContainerSummary } from '../../src/engine/api.ts'
import { TscomposeError } from '../../src/errors.ts'

describe('logs', () => {
  const printed = (style: Partial<ConstructorParameters<typeof LogPrinter>[1]>, act: (printer: LogPrinter) => void) => {
    const lines: string[] = []
    const all = { color: false, prefix: true, timestamps: false, ...style }
    act(new LogPrinter('demo', all, (stream, text) => void lines.push(`${stream}: ${text}`)))
    return lines
  }

  test('a prefix is the name without the project, padded to the longest, and a bar', () => {
    const lines = printed({}, printer => {
      printer.register(['demo-web-1', 'demo-database-1', 'my-own'])
      printer.print('demo-web-1', 'stdout', 'hello', 't')
      printer.print('my-own', 'stderr', '', 't')
    })
    assert.deepEqual(lines, ['stdout: web-1       | hello\n', 'stderr: my-own      | \n'])
  })
  test('the width grows with a longer name', () => {
    const lines = printed({}, printer => {
      printer.print('demo-a-1', 'stdout', 'x', 't')
      printer.print('demo-longer-1', 'stdout', 'y', 't')
      printer.print('demo-a-1', 'stdout', 'z', 't')
    })
    assert.deepEqual(lines, ['stdout: a-1  | x\n', 'stdout: longer-1  | y\n', 'stdout: a-1       | z\n'])
  })
  test('colours go by the order of the names, wrap the prefix only, and turn bold in the second round', () => {
    const names = Array.from({ length: 6 }, (_, i) => `demo-${'abcdef'[i]}-1`)
    const lines = printed({ color: true }, printer => {
      printer.register(names.toReversed())
      for (const name of names) printer.print(name, 'stdout', 'x', 't')
    })
    const sgr = lines.map(line => /\[([\d;]+)m/.exec(line)?.[1])
    assert.deepEqual(sgr, ['36', '33', '32', '35', '34', '36;1'])
    assert.equal(lines[0], 'stdout: \u001b[36ma-1  | \u001b[0mx\n')
  })
  test('without prefix, with timestamps', () =>
    assert.deepEqual(
      printed({ prefix: false, timestamps: true }, printer => printer.print('demo-a-1', 'stdout', 'x', 'T')),
      ['stdout: T x\n'],
    ))
  test('a hook’s output points at its container', () =>
    assert.deepEqual(
      printed({}, printer => printer.printHook('demo-web-1', 'stdout', 'x')),
      ['stdout: web-1 -> x\n'],
    ))
})

test('columns are at least ten wide, with three blanks between, and no blanks at the end', () =>
  assert.equal(
    renderTable([
      ['NAME', 'IMAGE', 'PORTS'],
      ['a-long-name-1', 'é', ''],
    ]),
    'NAME            IMAGE     PORTS\na-long-name-1   é\n',
  ))

describe('formats', () => {
  const rows = [{ Name: 'a', Service: 's', Labels: { x: 'y' }, LabelMap: { 'com.x': 'z' } }]
  for (const [format, expected] of [
    ['{{.Name}} {{ .Service }}', 'a s\n'],
    ['{{.Name}}\\t{{upper .Name}}', 'a\tA\n'],
    ['{{json .Labels}}', '{"x":"y"}\n'],
    ['{{.Label "com.x"}}', 'z\n'],
    ['{{.Name | upper}}', 'A\n'],
    ['table {{.Name}}\\t{{.Service}}', 'NAME      SERVICE\na         s\n'],
  ] as const)
    test(format, () => assert.equal(renderFormat(format, rows), expected))
  test('an unknown field or function is an error', () => {
    assert.throws(() => renderFormat('{{.Nope}}', rows), { code: 'CLI_FLAG' })
    assert.throws(() => renderFormat('{{nope .Name}}', rows), /function "nope" not defined/)
  })
})

const port = (given: Partial<ContainerSummary['Ports'][number]>) => ({ PrivatePort: 80, Type: 'tcp', ...given })
for (const [ports, expected] of [
  [[], ''],
  [[port({})], '80/tcp'],
  [
    [port({ IP: '0.0.0.0', PublicPort: 8080 }), port({ IP: '::', PublicPort: 8080 })],
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  ],
  [[1, 0, 2].map(i => port({ IP: '0.0.0.0', PrivatePort: 80 + i, PublicPort: 80 + i })), '0.0.0.0:80-82->80-82/tcp'],
  [
    [1, 0].map(i => port({ IP: '0.0.0.0', PrivatePort: 80 + i, PublicPort: 8000 + i })),
    '0.0.0.0:8000->80/tcp, 0.0.0.0:8001->81/tcp',
  ],
  [
    [
      port({ IP: '0.0.0.0', PublicPort: 8080 }),
      port({ PrivatePort: 53, Type: 'udp' }),
      port({ PrivatePort: 90 }),
      port({ PrivatePort: 99 }),
      port({ PrivatePort: 91 }),
    ],
    '90-91/tcp, 53/udp, 99/tcp, 0.0.0.0:8080->80/tcp',
  ],
] as const)
  test(`ports are shown as "${expected}"`, () => assert.equal(displayPorts([...ports]), expected))

const summary: ContainerSummary = {
  Id: 'f'.repeat(64),
  Names: ['/demo-web-1'],
  Image: 'nginx',
  ImageID: 'sha256:1',
  Command: '/docker-entrypoint.sh nginx -g daemon off;',
  Created: 1_700_000_000,
  Ports: [port({ IP: '0.0.0.0', PublicPort: 8080 })],
  Labels: { 'com.docker.compose.project': 'demo', 'com.docker.compose.service': 'web', a: 'b' },
  State: 'exited',
  Status: 'Exited (3) 2 seconds ago',
  HostConfig: { NetworkMode: 'demo_default' },
  NetworkSettings: { Networks: { one: {}, two: {} } },
  Mounts: [],
}

test('a container has docker compose’s fields', () => {
  const now = 1_700_000_120_000
  assert.deepEqual(containerFields(summary, { now, trunc: true }), {
    Command: '"/docker-entrypoint.…"',
    CreatedAt: '2023-11-14 22:13:20 +0000 UTC',
    Engine: '',
    ExitCode: 3,
    Health: '',
    ID: 'f'.repeat(12),
    Image: 'nginx',
    Labels: 'com.docker.compose.project=demo,com.docker.compose.service=web,a=b',
    LocalVolumes: '0',
    Mounts: '',
    Name: 'demo-web-1',
    Names: 'demo-web-1',
    Networks: 'one,two',
    Ports: '0.0.0.0:8080->80/tcp',
    Project: 'demo',
    Publishers: [{ URL: '0.0.0.0', TargetPort: 80, PublishedPort: 8080, Protocol: 'tcp' }],
    RunningFor: '2 minutes ago',
    Service: 'web',
    Size: '0B',
    State: 'exited',
    Status: 'Exited (3) 2 seconds ago',
  })
  assert.equal(containerFields(summary, { now, trunc: false }).ID, 'f'.repeat(64))
})

test('health is read off the status', () => {
  const health = (Status: string) => containerFields({ ...summary, Status }, { now: 0, trunc: true }).Health
  assert.deepEqual(
    ['Up 2 minutes (healthy)', 'Up 1 second (health: starting)', 'Up 2 minutes (unhealthy)', 'Up 2 minutes'].map(
      health,
    ),
    ['healthy', 'starting', 'unhealthy', ''],
  )
})

test('where everything can be reached: a line for each port, however many addresses it has', () =>
  assert.deepEqual(
    addressLines([
      {
        ...summary,
        Ports: [port({ IP: '0.0.0.0', PublicPort: 8080 }), port({ IP: '::', PublicPort: 8080 }), port({})],
      },
      { ...summary, Ports: [port({ IP: '127.0.0.1', PublicPort: 5432, PrivatePort: 5432 })] },
    ]),
    [
      '  web          http://localhost:8080        -> 80  (on all addresses)',
      '  web          localhost:5432               -> 5432',
    ],
  ))

test('an engine of another version is told with what to do', () => {
  const status = {
    pid: 7,
    version: '0.1.0',
    apiVersion: '1.51',
    dataRoot: '/data',
    runDir: '/run',
    startedAt: '2026-01-01T00:00:00Z',
    containersRunning: 2,
  }
  assert.doesNotMatch(describeEngine(status, '0.1.0'), /This program/)
  assert.match(describeEngine(status, '0.2.0'), /This program is version 0\.2\.0: after "tscompose engine stop"/)
})

test('sizes have four digits, in powers of 1000', () =>
  assert.deepEqual(
    [0, 999, 1000, 4_264_000, 93_474_000].map(size => humanSize(size)),
    ['0B', '999B', '1kB', '4.264MB', '93.47MB'],
  ))

describe('progress', () => {
  test('a line for each event, but not for each layer', () => {
    assert.equal(
      plainLine({ id: 'Container demo-web-1', text: 'Started', status: 'done' }),
      ' Container demo-web-1 Started\n',
    )
    assert.equal(plainLine({ id: '3f4a', text: 'Downloading', status: 'working', parentId: 'Image nginx' }), '')
  })
  test('an object for each event', () =>
    assert.deepEqual(
      JSON.parse(
        jsonLine({ id: 'l', parentId: 'Image x', text: 'Downloading', status: 'working', current: 1, total: 3 }),
      ),
      { id: 'l', parent_id: 'Image x', status: 'Working', text: 'Downloading', current: 1, total: 3, percent: 33 },
    ))
  test('what is shown depends on the terminal, unless told', () => {
    assert.equal(effectiveMode('auto', 'auto', { isTTY: true }), 'tty')
    assert.equal(effectiveMode('auto', 'never', { isTTY: true }), 'plain')
    assert.equal(effectiveMode('auto', 'auto', { isTTY: true, columns: 0 }), 'plain')
    assert.equal(effectiveMode('auto', 'auto', {}), 'plain')
    assert.equal(effectiveMode('json', 'auto', { isTTY: true }), 'json')
  })
})

describe('failures', () => {
  const failure = new TscomposeError('CLI_FLAG', 'that is wrong', { fix: 'Do it right.' })
  test('the message once, with its code and what to do', () =>
    assert.equal(renderFailure(failure, { json: false }), 'that is wrong [CLI_FLAG]\n  Do it right.\n'))
  test('what others have said does nothing to the terminal', () => {
    const hostile = new TscomposeError('REGISTRY_ERROR', '\u001b]52;c;eA==\u0007 and \u009b2J\n\ta\r', {
      fix: '\u001b[1A',
    })
    assert.equal(
      renderFailure(hostile, { json: false }),
      '\\x1b]52;c;eA==\\x07 and \\x9b2J\n\ta\\x0d [REGISTRY_ERROR]\n  \\x1b[1A\n',
    )
    assert.equal(renderTable([['LABELS'], ['a=\u001b[2J']]), 'LABELS\na=\\x1b[2J\n')
  })
  test('several failures, each once', () =>
    assert.equal(
      renderFailure(new AggregateError([failure, new AggregateError([failure])]), { json: false }),
      'that is wrong [CLI_FLAG]\n  Do it right.\n',
    ))
  test('an object with --progress json', () =>
    assert.deepEqual(JSON.parse(renderFailure(failure, { json: true })), {
      error: true,
      code: 'CLI_FLAG',
      message: 'that is wrong',
      fix: 'Do it right.',
    }))
})

test('-e takes the shell’s value, then .env’s, and leaves out what is set nowhere', () =>
  assert.deepEqual(resolveEnvironment(['A=1', 'B', 'C', 'D', 'E='], { B: 'shell' }, { B: 'file', C: 'file' }), [
    'A=1',
    'B=shell',
    'C=file',
    'E=',
  ]))

test('a terminal is for who sits at one on both ends', () => {
  const ends = (stdin: boolean, stdout: boolean) =>
    ({ stdin: { isTTY: stdin }, stdout: { isTTY: stdout } }) as Parameters<typeof wantsTty>[0]
  assert.equal(wantsTty(ends(true, true), undefined), true)
  assert.equal(wantsTty(ends(false, true), undefined), false)
  assert.equal(wantsTty(ends(true, false), undefined), false)
  assert.equal(wantsTty(ends(true, true), false), false)
})
