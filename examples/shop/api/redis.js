// Just enough of Redis' protocol (RESP) for this example, so that it needs no packages.
const { connect } = require('node:net')
const { once } = require('node:events')

exports.connectRedis = async ({ hostname, port }) => {
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const waiting = []
  let received = ''
  socket.setEncoding('utf8').on('data', text => {
    received += text
    for (;;) {
      // A simple string, an error or a number is one line; a bulk string has its length in a line of its own.
      const reply = /^(?:([+:-])(.*)\r\n|\$(-1)\r\n|\$\d+\r\n(.*)\r\n)/.exec(received)
      if (!reply) return
      received = received.slice(reply[0].length)
      const { resolve, reject } = waiting.shift()
      if (reply[1] === '-') reject(new Error(reply[2]))
      else resolve(reply[3] ? null : (reply[2] ?? reply[4]))
    }
  })
  const command = (...words) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      socket.write(`*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    })
  return { command }
}
