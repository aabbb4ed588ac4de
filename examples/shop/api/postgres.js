// Just enough of PostgreSQL's protocol (version 3, SCRAM-SHA-256, simple queries) for this example, so that it needs no
// packages. A real service would use one.
const { connect } = require('node:net')
const { once } = require('node:events')
const { createHash, createHmac, pbkdf2Sync, randomBytes } = require('node:crypto')

const text = (...parts) => Buffer.concat(parts.map(part => Buffer.from(`${part}\0`)))
const int32 = value => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}
const message = (type, body) => Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
const hmac = (key, data) => createHmac('sha256', key).update(data).digest()

/** The messages of the server, one after the other: `[type, body]`. */
async function* messages(socket) {
  let buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    buffer = Buffer.concat([buffer, chunk])
    while (buffer.length >= 5 && buffer.length > buffer.readInt32BE(1)) {
      const end = buffer.readInt32BE(1) + 1
      yield [String.fromCharCode(buffer[0]), buffer.subarray(5, end)]
      buffer = buffer.subarray(end)
    }
  }
  throw new Error('PostgreSQL closed the connection')
}

/** The client's side of SCRAM (RFC 5802): the first message, and the answer to the server's. */
function scram(password) {
  const nonce = randomBytes(18).toString('base64')
  const first = `n=,r=${nonce}`
  const answer = serverFirst => {
    const { r, s, i } = Object.fromEntries(serverFirst.split(',').map(part => [part[0], part.slice(2)]))
    const withoutProof = `c=biws,r=${r}`
    const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), 32, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash('sha256').update(clientKey).digest()
    const signature = hmac(storedKey, `${first},${serverFirst},${withoutProof}`)
    return `${withoutProof},p=${clientKey.map((byte, at) => byte ^ signature[at]).toString('base64')}`
  }
  return { first: `n,,${first}`, answer }
}

exports.connectPostgres = async ({ hostname, port, username, password, pathname }) => {
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const startup = Buffer.concat([int32(196608), text('user', username, 'database', pathname.slice(1), '')])
  socket.write(Buffer.concat([int32(startup.length + 4), startup]))

  const replies = messages(socket)
  const login = scram(decodeURIComponent(password))
  const next = async () => {
    const [type, body] = (await replies.next()).value
    if (type === 'E') throw new Error(/\0M([^\0]*)/.exec(body.toString())?.[1] ?? body.toString())
    return [type, body]
  }
  const until = async (wanted, each = () => {}) => {
    let failure
    for (;;) {
      const [type, body] = (await replies.next()).value
      if (type === 'E') failure = new Error(/\0M([^\0]*)/.exec(body.toString())?.[1] ?? 'query failed')
      if (type === wanted) break
      each(type, body)
    }
    if (failure) throw failure
  }

  for (;;) {
    const [type, body] = await next()
    if (type === 'Z') break
    const step = type === 'R' ? body.readInt32BE(0) : undefined
    const first = Buffer.from(login.first)
    if (step === 10) socket.write(message('p', Buffer.concat([text('SCRAM-SHA-256'), int32(first.length), first])))
    if (step === 11) socket.write(message('p', Buffer.from(login.answer(body.subarray(4).toString()))))
  }

  let queue = Promise.resolve()
  const run = async sql => {
    socket.write(message('Q', text(sql)))
    let names = []
    const rows = []
    await until('Z', (type, body) => {
      if (type === 'T') names = columnNames(body)
      if (type === 'D') rows.push(Object.fromEntries(columnValues(body).map((value, at) => [names[at], value])))
    })
    return rows
  }
  const query = sql => {
    const result = queue.then(() => run(sql))
    queue = result.catch(() => {})
    return result
  }
  return { query }
}

function columnNames(body) {
  const names = []
  for (let at = 2, left = body.readInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at)
    names.push(body.toString('utf8', at, end))
    at = end + 19
  }
  return names
}

function columnValues(body) {
  const values = []
  for (let at = 2, left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at)
    values.push(length < 0 ? null : body.toString('utf8', at + 4, at + 4 + length))
    at += 4 + Math.max(0, length)
  }
  return values
}
