# Runs code.R in each folder below the working directory as a reader would, and writes what came of it to found.json.
suppressMessages({library(metafor); library(lme4); library(jsonlite)})

of_metafor <- function(fit) {
  list(names = rownames(fit$beta), estimate = fit$beta[, 1], se = fit$se, log_likelihood = c(logLik(fit)),
       tau2 = if (inherits(fit, "rma.mv")) sum(fit$sigma2) else fit$tau2, between = fit$sigma2[1],
       scale_names = rownames(fit$alpha), scale = c(fit$alpha))
}

of_lme4 <- function(fit) {
  effects <- as.data.frame(VarCorr(fit))
  sds <- is.na(effects$var2) & effects$grp != "Residual"
  list(names = names(fixef(fit)), estimate = fixef(fit), se = sqrt(diag(as.matrix(vcov(fit)))),
       log_likelihood = c(logLik(fit)), sd = effects$sdcor[sds], correlation = effects$sdcor[!is.na(effects$var2)],
       sigma = sigma(fit), singular = isSingular(fit),
       complaints = grep("singular", unlist(fit@optinfo$conv$lme4$messages), value = TRUE, invert = TRUE))
}

# glmer's Laplace approximation to more digits than its defaults give; `place` has the data.
to_the_end <- function(place) {
  place$precise <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-8), tolPwrss = 1e-12)
  eval(quote(update(fit, control = precise)), place)
}

run <- function(folder) {
  home <- setwd(folder)
  on.exit(setwd(home))
  place <- new.env(parent = globalenv())
  values <- list()
  error <- tryCatch({
    for (other in c("robma.R", "brms.R")) if (file.exists(other)) parse(other, encoding = "UTF-8")
    for (line in parse("code.R", encoding = "UTF-8")) values <- c(values, list(suppressWarnings(eval(line, place))))
    NULL
  }, error = conditionMessage)
  found <- list(error = error)
  fit <- place$fit
  if (inherits(fit, "rma")) found <- c(found, of_metafor(fit))
  if (inherits(fit, "merMod")) {
    laplace <- inherits(fit, "glmerMod") && fit@devcomp$dims[["nAGQ"]] < 2
    found <- c(found, of_lme4(if (laplace) to_the_end(place) else fit), printed = c(logLik(fit)))
  }
  for (value in values) {
    if (inherits(value, "rma") && (inherits(value, "robust.rma") || value$test == "knha")) found$other_se <- value$se
    if (inherits(value, "predict.rma")) found$pi <- c(value$pi.lb, value$pi.ub)
  }
  found
}

folders <- list.files()
write_json(sapply(folders, run, simplify = FALSE), "found.json", digits = NA, null = "null", na = "null")
