import { type Group, web } from './case.js';

const PLAN = ['tsctl plan draft'];
const JOB = 'deploy: {mode: replicated-job}';

/** Releases, updates, jobs and what a service asks of the controllers. The stack `shop` has one release, and nothing under way. */
export const ORCHESTRATION: Group = {
  title: 'Releases, updates and jobs',
  cases: [
    { title: 'a release is not kept', run: ['tsctl rollback shop 9', 'tsctl diff shop 8 9', 'tsctl rollback shop_web 9'] },
    { title: 'the number of a release is none', run: ['tsctl rollback shop last'] },
    { title: 'the history of an unknown stack is asked for', run: ['tsctl history shpo'] },
    { title: 'a plan is not what would be done', files: web(), run: ['tsctl deploy draft --plan 0123456789ab'] },
    { title: 'the hash of a plan is none', files: web(), run: ['tsctl deploy draft --plan yesterday'] },
    {
      title: 'no update is under way',
      run: ['tsctl update pause shop_web', 'tsctl update resume shop_web', 'tsctl update promote shop_web', 'tsctl update abort shop_web'],
    },
    { title: 'a service is no job', run: ['tsctl job run shop_web', 'tsctl job logs shop_web', 'tsctl job suspend shop_web'] },
    { title: 'a job is unknown', run: ['tsctl job run nightly'] },
    { title: 'a service cannot be rebalanced', run: ['tsctl rebalance shop_agent', 'tsctl rebalance shop_wbe'] },
    { title: 'the most moves are none', run: ['tsctl rebalance --max 0', 'tsctl rebalance --max many'] },
    { title: 'a reason is asked for something unknown', run: ['tsctl why shop_wbe'] },
    { title: 'a port to forward is none', run: ['tsctl port-forward shop_web 99999', 'tsctl port-forward shop_wbe 8080:80'] },
    { title: 'a schedule is none', files: web(JOB, 'x-schedule: every day'), run: PLAN },
    {
      title: 'a schedule names an unknown time zone',
      files: web(JOB, 'x-schedule: {cron: "0 3 * * *", timezone: Mars/Olympus}'),
      run: PLAN,
    },
    { title: 'a service that is no job has a schedule', files: web('x-schedule: "0 3 * * *"'), run: PLAN },
    { title: 'the bounds of an autoscaled service are turned around', files: web('x-autoscale: {min: 5, max: 2, cpu: 60%}'), run: PLAN },
    { title: 'an autoscaled service says not by what', files: web('x-autoscale: {max: 2}'), run: PLAN },
    { title: 'a canary is no share', files: web('x-canary: 110%'), run: PLAN },
    { title: 'a progress deadline is no duration', files: web('x-progress-deadline: soon'), run: PLAN },
    { title: 'a constraint cannot be read', files: web('deploy: {placement: {constraints: ["node.labels.disk ~ ssd"]}}'), run: PLAN },
    {
      title: 'an affinity cannot be read',
      files: web('x-affinity: {near: [{service: cache, topology: zone, weight: much}], apart: 3}'),
      run: PLAN,
    },
    { title: 'a strategy or priority is none', files: web('x-strategy: scatter', 'x-priority: urgent'), run: PLAN },
    { title: 'a budget of moves is none', files: web('x-rebalance: {budget: 0}'), run: PLAN },
    { title: 'services depend on each other in a circle', files: web('depends_on: [web]'), run: PLAN },
  ],
};
