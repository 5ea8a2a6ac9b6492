//! Tasks one after the other, as one piece of work: what is left is left of all of them.

use lacuna::restore::Task;

/// What is measured, in its order; empty where a task stands for itself.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// With the most steps of each.
    tasks: Vec<(Task, usize)>,
    /// Pictures times steps of the tasks before and after the one that is under way.
    before: f64,
    after: f64,
}

impl Plan {
    pub fn of(tasks: Vec<(Task, usize)>) -> Self {
        Self { tasks, ..Self::default() }
    }

    /// `task` begins, on so many pictures; whether it was planned.
    pub fn begin(&mut self, task: Task, pictures: usize) -> bool {
        let work = |tasks: &[(Task, usize)]| {
            tasks.iter().map(|(_, steps)| (pictures * steps) as f64).sum::<f64>()
        };
        let at = self.tasks.iter().position(|&(other, _)| other == task);
        (self.before, self.after) = match at {
            Some(at) => (work(&self.tasks[..at]), work(&self.tasks[at + 1..])),
            None => (0.0, 0.0),
        };
        at.is_some()
    }

    /// How much is done of how much, where it is so much of the task that is under way.
    pub fn reckon(&self, done: f64, all: f64) -> (f64, f64) {
        (self.before + done, self.before + all + self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_of_all_tasks_and_of_one_alone_where_nothing_is_planned() {
        let mut plan =
            Plan::of(vec![(Task::Inpaint, 100), (Task::Superres, 50), (Task::Colorize, 20)]);
        assert!(plan.begin(Task::Superres, 4));
        assert_eq!(plan.reckon(120.0, 200.0), (520.0, 680.0));
        assert!(plan.begin(Task::Colorize, 4));
        assert_eq!(plan.reckon(80.0, 80.0), (680.0, 680.0));
        assert!(!plan.begin(Task::Jpeg, 4));
        assert_eq!(plan.reckon(1.0, 2.0), (1.0, 2.0));
    }
}
