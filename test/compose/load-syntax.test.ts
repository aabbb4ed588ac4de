import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDotenvText } from '../../src/compose/load/dotenv.ts'
import { parseBytes } from '../../src/compose/load/syntax/bytes.ts'
import { formatDuration, parseDuration } from '../../src/compose/load/syntax/duration.ts'
import { parsePorts } from '../../src/compose/load/syntax/ports.ts'
import { splitCommand } from '../../src/compose/load/syntax/shell-words.ts'
import { parseVolume } from '../../src/compose/load/syntax/volumes.ts'
import { substitute } from '../../src/compose/load/template.ts'

/** Rows of input and expectation; an expectation that is a RegExp is of the error's message. */
function table<T>(name: string, run: (input: string) => T, rows: readonly (readonly [string, T | RegExp])[]): void {
  for (const [input, expected] of rows)
    test(`${name}: ${JSON.stringify(input)}`, () => {
      if (expected instanceof RegExp) assert.throws(() => run(input), { message: expected })
      else assert.deepEqual(run(input), expected)
    })
}

const variables: Record<string, string> = { A: 'a', EMPTY: '', JSON: '{"k":1}' }
table('template', input => substitute(input, name => variables[name]), [
  ['$A-${A}', 'a-a'],
  ['$$A $${A}', '$A ${A}'],
  ['${U}|${U:-d}|${U-d}', '|d|d'],
  ['${EMPTY:-d}|${EMPTY-d}', 'd|'],
  ['${A:+r}|${EMPTY:+r}|${EMPTY+r}|${U+r}', 'r||r|'],
  ['${A:-${U:?never}}', 'a'],
  ['${U:-${V:-${A}}}', 'a'],
  ['${U:-{"a":{"b":1}}}!', '{"a":{"b":1}}!'],
  ['${U:-a:-b}', 'a:-b'],
  ['${U-x:?y}', 'x:?y'],
  ['${U:-$$x}', '$x'],
  ['$', '$'],
  ['$ $1 ^a$', '$ $1 ^a$'],
  ['$JSON', '{"k":1}'],
  ['${U:?tell me}', /^required variable U is missing a value: tell me$/],
  ['${U?}', /^required variable U is missing a value$/],
  ['${EMPTY?fine}', ''],
  ['${EMPTY:?${A}}', /is missing a value: a$/],
  ['${', /Invalid template/],
  ['${}', /Invalid template/],
  ['${ A}', /Invalid template/],
  ['${A!}', /Invalid template/],
  ['${1}', /Invalid template/],
  ['${A', /Invalid template/],
])

table('dotenv', input => parseDotenvText(input, name => variables[name]), [
  ['K=v', { K: 'v' }],
  ['K = v \nL: w', { K: 'v', L: 'w' }],
  ['\ufeffexport K=v\r\n', { K: 'v' }],
  ['# no\n\n  K=a b # c\nL=a#b', { K: 'a b', L: 'a#b' }],
  ['K=\nL=', { K: '', L: '' }],
  ['A\nU\nK=1\n', { A: 'a', K: '1' }],
  ['K', { '': 'K' }],
  ["K='a\\n$A # x'", { K: 'a\\n$A # x' }],
  ["K='it\\'s'", { K: "it's" }],
  ['K="a\\n$A \\$A \\"q\\" \\x"', { K: 'a\na $A "q" \\x' }],
  ['K="two\nlines"\nL=2', { K: 'two\nlines', L: '2' }],
  ['K="x" L=y', { K: 'x', L: 'y' }],
  ['K=1\nK=2\nL=$K', { K: '2', L: '2' }],
  ['K=${U:-d}\nL=a$$b', { K: 'd', L: 'a$b' }],
  ['A.b-c[0]=1', { 'A.b-c[0]': '1' }],
  ['BAD KEY=1', /line 1: key cannot contain a space/],
  ['A=1\nB!=2', /line 2: unexpected character "!" in variable name "B!=2"/],
  ['A="x', /line 1: unterminated quoted value "x/],
  ['A=${U:?must}', /required variable U is missing a value: must/],
])

table('duration', input => formatDuration(parseDuration(input)), [
  ['10s', '10s'],
  ['90s', '1m30s'],
  ['1m30s', '1m30s'],
  ['1.5h', '1h30m0s'],
  ['1d', '24h0m0s'],
  ['1w1d', '192h0m0s'],
  ['100ms', '100ms'],
  ['1.5s', '1.5s'],
  ['10us', '10µs'],
  ['1ns', '1ns'],
  ['0', '0s'],
  ['-1m', '-1m0s'],
  ['10', /missing unit in duration "10"/],
  ['', /invalid duration ""/],
  ['5x', /unknown unit "x" in duration "5x"/],
  ['1m 30s', /unknown unit "m " in duration "1m 30s"/],
])

table('bytes', input => String(parseBytes(input)), [
  ['10', '10'],
  ['-1', '-1'],
  ['1k', '1024'],
  ['1KB', '1024'],
  ['1kib', '1024'],
  ['1.5m', '1572864'],
  ['2 gb', '2147483648'],
  ['1t', '1099511627776'],
  ['7b', '7'],
  ['', /invalid size: ''/],
  ['k', /invalid size: 'k'/],
  ['1x', /invalid suffix: 'x'/],
  ['-1m', /invalid size: '-1m'/],
])

const port = (target: number, more: object = {}) => ({ target, protocol: 'tcp', ...more })
table('ports', parsePorts as (input: string) => unknown, [
  ['80', [port(80)]],
  ['8080:80', [port(80, { published: '8080' })]],
  ['127.0.0.1:8080:80/UDP', [port(80, { published: '8080', hostIp: '127.0.0.1', protocol: 'udp' })]],
  ['127.0.0.1::80', [port(80, { hostIp: '127.0.0.1' })]],
  ['[::1]:1:2', [port(2, { published: '1', hostIp: '::1' })]],
  ['8000-9000:80', [port(80, { published: '8000-9000' })]],
  ['90-91:80-81', [port(80, { published: '90' }), port(81, { published: '91' })]],
  ['99-101', [port(100), port(101), port(99)]],
  ['90-91:80-82', /^invalid ranges specified for container and host Ports: 80-82 and 90-91$/],
  ['x:80', /^invalid hostPort: x$/],
  ['70000', /^invalid containerPort: 70000$/],
  ['999.1.1.1:1:2', /^invalid IP address: 999.1.1.1$/],
  ['1:2/xyz', /^invalid proto: xyz$/],
  ['', /^no port specified: <empty>$/],
])

table('volumes', parseVolume as (input: string) => unknown, [
  ['/path', { type: 'volume', target: '/path', volume: {} }],
  ['./x:/y', { type: 'bind', source: './x', target: '/y', bind: {} }],
  ['~/x:/y:ro', { type: 'bind', source: '~/x', target: '/y', read_only: true, bind: {} }],
  ['name:/y', { type: 'volume', source: 'name', target: '/y', volume: {} }],
  ['name:/y:nocopy,ro', { type: 'volume', source: 'name', target: '/y', read_only: true, volume: { nocopy: true } }],
  [
    '/x:/y:z,rshared,cached',
    { type: 'bind', source: '/x', target: '/y', bind: { selinux: 'z', propagation: 'rshared' } },
  ],
  ['v:/x', { type: 'volume', target: 'v:/x', volume: {} }],
  ['C:\\x:/y', { type: 'bind', source: 'C:\\x', target: '/y', bind: {} }],
  ['${A:-/x}:/y', { type: 'volume', source: '${A:-/x}', target: '/y', volume: {} }],
  ['', /^invalid empty volume spec$/],
  [':/y', /empty section between colons/],
  ['/a:/b:ro:rw', /too many colons/],
])

table('command', input => splitCommand(input).words, [
  ['a  b\tc', ['a', 'b', 'c']],
  [`a 'b c' "d e" f\\ g`, ['a', 'b c', 'd e', 'f g']],
  [`a "" ''`, ['a', '', '']],
  [`'a\\b' "a\\"b"`, ['a\\b', 'a"b']],
  ['', []],
  ['a | b', ['a']],
  ['a 2>c', ['a']],
  ['a $(b c) `d e`', ['a', '$(b c)', '`d e`']],
  ['a "b', /invalid command line string/],
  ['a (b)', /invalid command line string/],
])
