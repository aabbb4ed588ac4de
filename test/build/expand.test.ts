import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ExpandOptions, expand } from '../../src/build/dockerfile/expand.ts'

const variables: Record<string, string> = {
  PWD: '/home',
  SHELL: 'bash',
  NULL: '',
  KOREAN: '한국어',
  FILE: 'dir/archive.tar.gz',
  TEXT: 'aaa*bbb?ccc',
  SPACED: ' a  b ',
}

const lookUp = (name: string) => variables[name]
const text = (word: string, options: Partial<ExpandOptions> = {}) =>
  expand(word, lookUp, { escape: '\\', ...options }).text
const words = (word: string) => expand(word, lookUp, { escape: '\\' }).words

/** A table of what is written and what comes of it; `error` stands for any error. */
function table(title: string, rows: string, actual: (written: string) => string) {
  for (const row of rows.trim().split('\n')) {
    const [written = '', expected = ''] = row.split(' => ').map(part => part.trim())
    test(`${title}: ${row.trim()}`, () => {
      if (expected === 'error') assert.throws(() => actual(written))
      else assert.equal(actual(written), expected)
    })
  }
}

table(
  'quotes and escapes',
  String.raw`
    hello => hello
    he'll'o => hello
    he'llo => error
    he\'llo => he'llo
    he\\'llo => error
    abc\tdef => abctdef
    "abc\tdef" => abc\tdef
    "abc\\tdef" => abc\tdef
    'abc\tdef' => abc\tdef
    hello\ => hello
    hello\\ => hello\
    "hello => error
    "hello\" => error
    "hel'lo" => hel'lo
    'hello\' => hello\
    "''" => ''
    '"hello"' => "hello"
    안'녕'하세요 => 안녕하세요`,
  text,
)

table(
  'variables',
  [
    '$. => $.',
    'he$1x => hex',
    'he$.x => he$.x',
    'he$PWD => he/home',
    'he\\$PWD => he$PWD',
    'he\\\\$PWD => he\\/home',
    '"he\\$PWD" => he$PWD',
    "'$PWD' => $PWD",
    `"he'$PWD'" => he'/home'`,
    'he\\${} => he${}',
    '${} => error',
    'he${hi}xx => hexx',
    'he${PWD} => he/home',
    'he${.} => error',
    'he${PWD => error',
    '${{aaa} => error',
    '${aaa}} => }',
    '${:-bbb} => error',
    '${999:-bbb}aaa => bbbaaa',
    '$999aaa => aaa',
    '$@@@ => @@',
    '${@:-bbb} => bbb',
    '안녕$KOREAN => 안녕한국어',
  ].join('\n'),
  text,
)

table(
  'modifiers',
  [
    'he${XXX:-000}xx => he000xx',
    'he${NULL:-000}xx => he000xx',
    'he${NULL-000}xx => hexx',
    'he${XXX:-${YYY:-yyy}}xx => heyyyxx',
    'he${XXX:-\\$PWD:}xx => he$PWD:xx',
    'he${XXX:-\\${PWD}z}xx => he${PWDz}xx',
    'he${XXX:YYY} => error',
    'he${PWD:=000}xx => error',
    'he${XXX:+000}xx => hexx',
    'he${NULL:+000}xx => hexx',
    'he${NULL+000}xx => he000xx',
    'he${PWD:+${SHELL}}xx => hebashxx',
    'he${XXX?} => error',
    'he${NULL?} => he',
    'he${NULL:?} => error',
    '${aaa:-bbb {foo} => bbb {foo',
    '${aaa:-bbb ${foo} => error',
    '${FILE#*/} => archive.tar.gz',
    '${FILE#*.} => tar.gz',
    '${FILE##*.} => gz',
    '${FILE%.*} => dir/archive.tar',
    '${FILE%%.*} => dir/archive',
    '${FILE%nothing} => dir/archive.tar.gz',
    '${FILE:#x} => error',
    '${TEXT#a*\\*} => bbb?ccc',
    '${TEXT%\\?*} => aaa*bbb',
    '${TEXT##\\x} => error',
    '${FILE/a/A} => dir/Archive.tar.gz',
    '${FILE//a/A} => dir/Archive.tAr.gz',
    '${FILE//?r/_} => d_/_chive.t_.gz',
    '${FILE/\\/*./:} => dir:gz',
    '${TEXT//\\*/ and } => aaa and bbb?ccc',
    '${FILE//e.*/} => dir/archiv',
    '${XXX/a/b} => ',
    '${FILE/a => error',
    '${FILE/a/b => error',
  ].join('\n'),
  text,
)

test('a message says which variable is required', () => {
  assert.throws(() => text('${VERSION:?give --build-arg VERSION}'), {
    message: 'failed to process "${VERSION:?give --build-arg VERSION}": VERSION: give --build-arg VERSION',
  })
})

test('a text is split at spaces outside of quotes, also those of variables', () => {
  assert.deepEqual(words('hello${SPACED}bye there'), ['hello', 'a', 'b', 'bye', 'there'])
  assert.deepEqual(words('hello"${SPACED}"bye'), ['hello a  b bye'])
  assert.deepEqual(words('hello\\ there "" x'), ['hello there', 'x'])
})

test('the operator of a here-document and its name are one word', () => {
  assert.deepEqual(words('cat <<  EOF >x <in'), ['cat', '<<  EOF', '>x', '<in'])
})

test('the escape character may be a backtick', () => {
  assert.equal(text('C:\\dir\\`$PWD', { escape: '`' }), 'C:\\dir\\$PWD')
})

test('quotes, escapes and unset variables can be kept', () => {
  const all = { rawQuotes: true, rawEscapes: true, keepUnset: true }
  assert.equal(text(`a "b" 'c' \\$d $e \${f:-g} $PWD`, all), `a "b" 'c' \\$d $e \${f:-g} /home`)
  assert.equal(text(`it's $PWD`, { ignoreQuotes: true }), `it's /home`)
})

test('tells which variables are set and which are not', () => {
  const { matched, unmatched } = expand('$PWD ${XXX:-$YYY}', lookUp, { escape: '\\' })
  assert.deepEqual([...matched], ['PWD'])
  assert.deepEqual([...unmatched].sort(), ['XXX', 'YYY'])
})

test('patterns and nesting made to take long do not', () => {
  const value = 'a'.repeat(20_000)
  const long = (word: string) => expand(word, () => value, { escape: '\\' }).text
  assert.equal(long(`\${v##${'*a'.repeat(40)}*b}`), value)
  assert.equal(long(`\${v/${'*a'.repeat(40)}*b/x}`), value)
  assert.throws(() => text('${a:-'.repeat(100_000)), /nested too deeply/)
})
