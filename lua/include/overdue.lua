-- is_overdue says whether nobody probes the representative with this record: a claim is overdue
-- after two intervals, and the longest probe with its report. Its frontend has ended.
local function is_overdue(representative)
  local probed = tonumber(call('HGET', representative, 'probed') or '')
  return not probed or probed + 2 * probe_interval + 10 <= tonumber(now)
end
