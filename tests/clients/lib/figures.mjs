// The chart, recomputed from the calls and sessions that the other procedures tell of.

const MINUTE = 60_000
export const RANGES = {
  '1h': { width: 5 * MINUTE, buckets: 12 },
  '1d': { width: 60 * MINUTE, buckets: 24 },
  '1w': { width: 1440 * MINUTE, buckets: 7 },
  '1m': { width: 1440 * MINUTE, buckets: 30 },
}

const floor = (time, width) => time - (time % width)

/** What `toolCalls.getChart` must answer, given its first bucket. */
export function chart(range, first, calls, sessions) {
  const { width, buckets } = RANGES[range]
  const starts = Array.from({ length: buckets }, (_, index) => first + index * width)
  const inRange = time => starts.includes(floor(time, width))
  const toolNames = [...new Set(calls.filter(call => inRange(call.createdAt)).map(call => call.toolName))].sort()
  const data = starts.map(start => {
    const here = time => floor(time, width) === start
    const users = new Set(sessions.filter(session => here(session.connectedAt)).map(session => session.mcpUserId))
    const point = { date: start, mcp_connections: users.size }
    for (const tool of toolNames) {
      point[tool] = calls.filter(call => call.toolName === tool && here(call.createdAt)).length
    }
    return point
  })
  return { data, toolNames, connectionTypes: ['mcp_connections'] }
}

/** Compares all four ranges, bucket by bucket; sums per tool too, which need no recomputing to be believed. */
export async function compareCharts(check, client, input, made, calls, sessions) {
  for (const range of Object.keys(RANGES)) {
    const subject = `chart ${range}`
    await check.part(subject, () =>
      compareChart(check, subject, client, { timeRange: range, ...input }, made, calls, sessions),
    )
  }
}

async function compareChart(check, subject, client, input, made, calls, sessions) {
  const { width, buckets } = RANGES[input.timeRange]
  const before = Date.now()
  const answer = await client.toolCalls.getChart(input)
  const after = Date.now()
  const dates = answer.data.map(point => point.date)
  check.same(subject, 'buckets', answer.data.length, buckets)
  const isAligned = dates.every(date => date % width === 0)
  check.holds(subject, 'aligned to UTC', isAligned, dates)
  const last = dates.at(-1)
  check.holds(subject, 'the last bucket holds now', [floor(before, width), floor(after, width)].includes(last), last)
  const expected = chart(input.timeRange, dates[0], calls, sessions)
  answer.data.forEach((point, index) => check.same(subject, `bucket ${index}`, point, expected.data[index]))
  check.same(subject, 'toolNames', answer.toolNames, Object.keys(made).sort())
  check.same(subject, 'connectionTypes', answer.connectionTypes, ['mcp_connections'])
  for (const [tool, count] of Object.entries(made)) {
    const sum = answer.data.reduce((total, point) => total + point[tool], 0)
    check.same(subject, `calls of ${tool} that the clients made`, sum, count)
  }
}
