-- is_overdue says whether nobody probes the representative with this record, and somebody may: a
-- claim is overdue after two intervals, and the longest probe with its report. Its frontend has ended.
local function is_overdue(representative)
  local probed = call('HGET', representative, 'probed')
  return not probed or probed ~= 'never' and probed + 2 * probe_interval + 10 <= tonumber(now)
end
