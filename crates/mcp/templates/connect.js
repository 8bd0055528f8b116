(() => {
  'use strict'
  const check = document.getElementById('check')
  const [said, again] = check.children
  const signIn = check.dataset.signIn === 'yes'
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'connect-page', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }

  const say = (kind, words) => {
    check.dataset.kind = kind
    said.textContent = words
  }

  async function look() {
    again.disabled = true
    say('waiting', 'Looking whether it answers\u2026')
    try {
      const began = performance.now()
      const answer = await fetch(check.dataset.here, {
        method: 'POST',
        credentials: 'omit',
        cache: 'no-store',
        signal: AbortSignal.timeout(10000),
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'server/discover',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: meta } }),
      })
      const message = await answer.json()
      const time = `${Math.max(1, Math.round(performance.now() - began))} ms`
      const asks = (answer.headers.get('www-authenticate') ?? '').includes('resource_metadata=')
      if (signIn && answer.status === 401 && asks) say('good', `It answers, in ${time}, and asks for a sign-in.`)
      else if (!signIn && answer.ok && message.result) say('good', `It answers, in ${time}.`)
      else if (message.error?.message) say('bad', `It answers, in ${time}, but says: ${message.error.message}`)
      else say('bad', `It answers, in ${time}, but with something unexpected (${answer.status}).`)
    } catch (error) {
      say('bad', error.name === 'TimeoutError' ? 'It does not answer within 10 seconds.' : 'It does not answer.')
    }
    again.disabled = false
  }

  check.hidden = false
  again.addEventListener('click', look)
  look()

  if (!navigator.clipboard) return
  for (const text of document.querySelectorAll('pre')) {
    const copy = document.createElement('button')
    copy.type = 'button'
    copy.className = 'second small copy'
    copy.textContent = 'Copy'
    copy.addEventListener('click', async () => {
      await navigator.clipboard.writeText(text.textContent)
      copy.textContent = 'Copied'
      setTimeout(() => (copy.textContent = 'Copy'), 2000)
    })
    const both = document.createElement('div')
    both.className = 'to-copy'
    text.replaceWith(both)
    both.append(text, copy)
  }
})()
