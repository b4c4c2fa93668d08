-- What every announce must know of its transfer is one string, `summary`: OLDEST COMPLETE INCOMPLETE
-- DOWNLOADED. oldest: a time before which nobody was last seen, and no lease runs out, perhaps
-- too early, never too late; the others count the sets (R9), and how many completed. It is there as
-- long as the transfer is active. Once nobody is live, oldest is no later than the last announce.
local function read_summary()
  local oldest, complete, incomplete, completed =
    string.match(call('GET', summary_key) or '0 0 0 0', '^(%d+) (%d+) (%d+) (%d+)$')
  return { oldest = tonumber(oldest), complete = complete, incomplete = incomplete, downloaded = completed }
end

local summary = read_summary()

local function write_summary()
  call('SET', summary_key, string.format('%d %d %d %d', summary.oldest, summary.complete, summary.incomplete,
    summary.downloaded))
end
