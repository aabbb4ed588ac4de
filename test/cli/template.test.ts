import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTemplate, templateHeader } from '../../src/cli/output/template.ts'

const web = {
  Name: 'web',
  Id: 'sha256:0123456789abcdef',
  State: { Running: true, ExitCode: 0, Health: undefined },
  Args: ['-c', 'true'],
  Mounts: [
    { Source: '/a', Destination: '/b' },
    { Source: 'vol', Destination: '/c' },
  ],
  Entrypoint: null,
  Empty: [],
  Config: { Labels: { 'com.example.tier': 'front', plain: 'x' }, Env: ['A=1', 'B=2'] },
  Ports: { '80/tcp': [{ HostPort: '8080' }], '443/tcp': null },
  LabelMap: { 'com.example.tier': 'front' },
}

/** What stands in Go's documentation, docker's, and in scripts of people. */
const shown: readonly (readonly [template: string, text: string])[] = [
  ['{{.Name}}: {{.State.Running}} {{ .State.ExitCode }}', 'web: true 0'],
  ['{{json .Args}} {{json .Config.Labels.plain}}', '["-c","true"] "x"'],
  ['{{.Args}} {{.Config.Labels}} {{.Entrypoint}}', '[-c true] map[com.example.tier:front plain:x] []'],
  ['{{.Mounts}} {{.State.ExitCode}}', '[{/a /b} {vol /c}] 0'],
  ['{{upper .Name}} {{.Name | title | printf "%-6s|"}}', 'WEB Web   |'],
  ['{{join .Args ", "}} {{index (split .Id ":") 1}} {{truncate .Id 10}}', '-c, true 0123456789abcdef sha256:012'],
  ['{{len .Args}} {{len .Name}} {{len .Empty}} {{len .Entrypoint}}', '2 3 0 0'],
  ['{{index .Config.Labels "com.example.tier"}}|{{index .Config.Labels "none"}}', 'front|'],
  ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{(index .Mounts 1).Source}} {{index .Args 1}}', 'vol true'],
  ['{{.Label "com.example.tier"}}{{.Label "none"}}', 'front'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}', 'none'],
  ['{{if .Empty}}a{{else if eq .Name "db" "web"}}b{{else}}c{{end}}', 'b'],
  ['{{if and .State.Running (eq .State.ExitCode 0) (not .Empty)}}yes{{end}}', 'yes'],
  ['{{or .Empty .Name}} {{and .Name .State.ExitCode}}', 'web 0'],
  ['{{if or (lt 1 2) (gt 1 2)}}{{ne 1 2}}{{end}}{{le 2 2}}{{ge 1 2}}', 'truetruefalse'],
  ['{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}', '/a:/b vol:/c '],
  ['{{range $i, $e := .Config.Env}}{{if $i}}, {{end}}{{$e}}{{end}}', 'A=1, B=2'],
  [
    '{{range $p, $conf := .Ports}}{{$p}} -> {{with $conf}}{{(index . 0).HostPort}}{{else}}-{{end}};{{end}}',
    '443/tcp -> -;80/tcp -> 8080;',
  ],
  ['{{range .Empty}}x{{else}}nothing{{end}}', 'nothing'],
  ['{{with .State}}{{.ExitCode}} {{$.Name}}{{end}}', '0 web'],
  ['{{$n := .Name}}{{range .Args}}{{$n}}{{.}} {{end}}', 'web-c webtrue '],
  ['{{$n := 1}}{{if true}}{{$n = 2}}{{end}}{{$n}}', '2'],
  ['{{range .Args}}{{println .}}{{end}}', '-c\ntrue\n'],
  ['a  {{- /* gone */ -}}  b {{- .Name -}} c', 'abwebc'],
  ['{{"}}"}} {{`raw\\x`}} {{"a\\"b\\t"}}|', '}} raw\\x a"b\t|'],
  ['{{printf "%s=%d %q %05d %v%%" .Name 42 "q" 7 .Args}}', 'web=42 "q" 00007 [-c true]%'],
  ['{{print 1 2 "a" 3}}{{slice .Name 1 2}}{{pad .Name 1 2}}|', '1 2a3e web  |'],
  ['{{.Name}}\\t{{.Id}}\\n', 'web\tsha256:0123456789abcdef\n'],
]
for (const [template, text] of shown)
  test(`a template: ${template}`, () => assert.equal(parseTemplate(template)(web), text))

test('the object as a whole is shown without what is only there to be asked for', () => {
  assert.equal(parseTemplate('{{json .}}')({ Name: 'x', LabelMap: { a: 'b' } }), '{"Name":"x"}')
})

const refused: readonly (readonly [template: string, message: RegExp])[] = [
  ['{{.Nmae}}', /can't evaluate field Nmae/],
  ['{{.State.Health.Status}}', /nil pointer evaluating \.Status/],
  ['{{.Name.First}}', /can't evaluate field First in web/],
  ['{{nosuch .Name}}', /function "nosuch" not defined/],
  ['{{if .Name}}x', /\{\{if\}\} without \{\{end\}\}/],
  ['{{end}}', /unexpected \{\{end\}\}/],
  ['{{.Name', /unclosed action/],
  ['{{(.Name}}', /unclosed left parenthesis/],
  ['{{index .Args 5}}', /index out of range: 5/],
  ['{{lt .Name 1}}', /incompatible types/],
  ['{{$x}}', /undefined variable "\$x"/],
  ['{{template "x"}}', /\{\{template\}\} is not supported/],
  ['{{.Name | }}', /missing value/],
]
for (const [template, message] of refused)
  test(`a template that is wrong: ${template}`, () =>
    assert.throws(() => parseTemplate(template)(web), { code: 'CLI_FLAG', message }))

test('a header has the titles of the fields, whatever is done to them', () => {
  const header = templateHeader(
    '{{.ID}}\\t{{truncate .Names 5}}\\t{{.Label "com.example.cpu-count"}}\\t{{if .Status}}{{upper .Status}}{{end}}',
    { ID: 'CONTAINER ID' },
  )
  assert.equal(header, 'CONTAINER ID\tNAMES\tcpu count\tSTATUS')
})
