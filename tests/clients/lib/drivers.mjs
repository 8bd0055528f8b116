// The four generations of official MCP clients, and how each is started against a server.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const here = new URL('..', import.meta.url)
const script = name => fileURLToPath(new URL(name, here))

function needed(variable) {
  const value = process.env[variable]
  if (!value) throw new Error(`set ${variable} to the interpreter of a venv made from the requirements file`)
  return value
}

/** Every client of the matrix; `start` is the command before the arguments they share. */
export function drivers() {
  const python = variable => [needed(variable), script('mcp_drive.py')]
  const typescript = sdk => [process.execPath, script('mcp_drive.mjs'), '--sdk', sdk]
  return [
    { name: 'python-2026', start: python('PYTHON_2026'), era: '2026-07-28' },
    { name: 'python-2025', start: python('PYTHON_2025'), era: '2025-11-25' },
    { name: 'typescript-new', start: typescript('new'), era: '2026-07-28' },
    { name: 'typescript-old', start: typescript('old'), era: '2025-11-25' },
    { name: 'python-2026-handshake', start: python('PYTHON_2026'), era: '2025-11-25' },
    { name: 'typescript-new-handshake', start: typescript('new'), era: '2025-11-25' },
  ]
}

/** Runs one client to its end; its report. Anything but a clean end is an error. */
export async function drive(driver, options, timeoutMs = 120_000) {
  const flags = Object.entries(options).flatMap(([flag, value]) => {
    if (value === true) return [`--${flag}`]
    if (value === false || value === undefined) return []
    return [value].flat().flatMap(one => [`--${flag}`, one])
  })
  const [command, ...args] = [...driver.start, '--era', driver.era, ...flags]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const clock = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => (output.stderr += text))
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(clock)
  if (code !== 0) throw new Error(`${driver.name} ended with ${code}:\n${output.stderr.slice(-4000)}`)
  return JSON.parse(output.stdout)
}
