-- Probes that are due, as an announce finds them.

-- begin_probing lets the frontend probe a host that has just become a representative: while
-- it certainly lives, so that it shows whether it can be probed at all.
local function begin_probing(addr)
  if probe_interval ~= '' then
    call('HDEL', record_key(addr), 'reachable')
    claim_probe(addr)
  end
end

-- claim_overdue lets the frontend probe those representatives, in a list for each group,
-- that no frontend has claimed for long.
local function claim_overdue(lists)
  for _, representatives in ipairs(lists) do
    for _, addr in ipairs(representatives) do
      local probed = tonumber(call('HGET', record_key(addr), 'probed'))
      if not probed or probed + 2 * probe_interval <= now then
        claim_probe(addr)
      end
    end
  end
end
